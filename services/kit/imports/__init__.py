"""Imports: a spreadsheet comes in as a job, is checked cell by cell, and written whole or not.

    STATIONS = Importer(sheet=SHEET, path="/stations", permission=P.STATION_EDIT,
                        check=check, write=write, take_back=take_back)

declared in a capability's `sheet.py`, gives a template, an upload, a log, an annotated workbook,
commit, discard and undo under /stations/imports; a service wires `import_router(STATIONS)`,
`import_job(STATIONS)` and `tidy`. The file is kept sealed until it is done with. Nothing of it is
staged: what is written is read again from the file in the one transaction that writes all of it,
so a cancel or a crash leaves nothing behind.
"""
