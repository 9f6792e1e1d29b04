"""What a command line answers to bad input."""


def one_line_of_status_2(main, arguments: list[str], capsys) -> str:
    """Runs `main` and returns its error, after making sure of one line and exit status 2."""
    try:
        status = main(arguments)
    except SystemExit as exit:
        status = exit.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert status == 2
    assert len(lines) == 1
    return lines[0]
