"""Tables, the page of claims, README's tables, made of recorded rows."""
