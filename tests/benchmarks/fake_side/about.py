def about():
    return {"version": "1.2"}
