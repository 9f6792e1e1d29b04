def one_line_of_status_2(main, arguments: list[str], capsys) -> str:
    """Runs `main`, asserts that it prints one line of errors and ends with status 2, and returns the line."""
    try:
        status = main(arguments)
    except SystemExit as exit:
        status = exit.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert status == 2
    assert len(lines) == 1
    return lines[0]
