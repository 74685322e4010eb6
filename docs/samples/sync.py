# Keeps the crises that you may see in crises.sqlite3. Run it again whenever you like: it reads on where it stopped.
import json
import os
import sqlite3
from urllib import error, request

start, token = os.environ["MCOF"] + "changes/", os.environ["MCOF_TOKEN"]  # https://mcof.example.org/api/v1/, mcof_...
db = sqlite3.connect("crises.sqlite3")
db.execute("create table if not exists crises (reference primary key, status, gaps, body)")
db.execute("create table if not exists place (id primary key, next)")
place, more = (db.execute("select next from place").fetchone() or [start])[0], True
while more:
    try:
        asked = request.Request(place, headers={"Authorization": f"Token {token}"})
        page = json.load(request.urlopen(asked))
    except error.HTTPError as refused:
        if refused.code != 410:
            raise
        db.execute("delete from crises")  # what you may see has changed: begin again
        place = start
        continue
    for crisis in page["results"]:
        row = (crisis["reference"], crisis["status"], crisis["gaps"], json.dumps(crisis))
        db.execute("replace into crises values (?, ?, ?, ?)", row)
    db.executemany("delete from crises where reference = ?", [[crisis["reference"]] for crisis in page["gone"]])
    place, more = page["next"], page["has_more"]
    db.execute("replace into place values (1, ?)", [place])
    db.commit()  # the crises and the place together
