import os

import pytest

from alexnet_tf.runtime.startup import quiet_startup


def test_holds_back_notices(capfd):
    with quiet_startup():
        os.write(2, b"a notice from C++\n")
    os.write(2, b"ours\n")

    assert capfd.readouterr().err == "ours\n"


def test_shows_them_after_a_failure(capfd):
    def fail():
        with quiet_startup():
            os.write(2, b"why it failed\n")
            raise ImportError

    with pytest.raises(ImportError):
        fail()

    assert capfd.readouterr().err == "why it failed\n"
