"""Crises and figures out of a spreadsheet: the file is read, each row judged, and the rows written all or none.

`reading` and `sheets` turn a file into rows of text, `fields` text into values, `crises` and `figures` judge rows, and
`job` writes them through the services that the pages call.
"""
