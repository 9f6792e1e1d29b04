"""What every command needs: environment, processor, start-up, files, errors, the command line."""
