import io
import time

import pytest
from rich.console import Console
from rich.progress import TextColumn

from alexnet_tf.data.streaming import image_pass
from alexnet_tf.data.streaming.image_pass import ImageProgress
from alexnet_tf.runtime import bars as bars_module
from alexnet_tf.runtime.bars import Bars, make_bars


@pytest.fixture
def go_through(monkeypatch):
    """A function that simulates a pass over 100 images: 20 are read at each given time, in seconds."""

    def run(*times: float) -> None:
        now = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        with ImageProgress("reading pets\x07", 100) as progress:
            for seconds in times:
                now[0] = 1000.0 + seconds
                progress.advance(20)

    return run


@pytest.fixture
def terminal(monkeypatch) -> tuple[Bars, io.StringIO]:
    """Progress bars, and the text of the terminal on which they are drawn."""
    written = io.StringIO()
    columns = TextColumn("{task.description}"), TextColumn("{task.fields[info]}")
    bars = Bars(*columns, console=Console(file=written, force_terminal=True, width=80), auto_refresh=False)
    monkeypatch.setattr(image_pass, "make_bars", lambda: bars)
    return bars, written


def test_a_log_has_a_line_after_five_seconds_and_then_one_a_minute(go_through, capsys):
    go_through(4, 10, 20, 80, 85)

    assert capsys.readouterr().err.splitlines() == [
        r"reading pets\x07: 40 of 100, 4 images/s, 15 s left",
        r"reading pets\x07: 80 of 100, 1 images/s, 20 s left",
    ]


def test_a_short_pass_shows_nothing(go_through, terminal, capsys):
    go_through(1, 2, 3, 4, 4.5)

    assert terminal[1].getvalue() + capsys.readouterr().err == ""


def test_a_terminal_shows_a_bar(go_through, terminal, capsys):
    bars, written = terminal
    go_through(4, 10, 20, 80, 85)

    assert r"reading pets\x07 4 images/s, 15 s left" in written.getvalue()
    assert "\n" not in capsys.readouterr().err
    assert (bars.tasks, Bars.shown) == ([], None)


def test_the_bar_is_added_to_bars_that_are_already_shown(go_through, terminal):
    bars, _ = terminal
    with bars:
        go_through(4, 10)
        assert Bars.shown is bars
    assert Bars.shown is None


def test_a_path_with_brackets_is_shown_as_it_is(monkeypatch):
    monkeypatch.setattr(bars_module, "is_terminal", lambda stream: True)
    bars, console = make_bars(), Console(file=io.StringIO(), width=200)
    for place in ("folder:/photos[/old]", "folder:/photos[bold]"):
        bars.add_task(f"reading {place}", total=1, info="")
        console.print(bars.get_renderable())

        assert place in console.file.getvalue()
