"""Files that people send over bad lines: declared, sent in pieces that resume, checked, shown.

    POST  /activities/{id}/pictures      a resource makes the upload: its address names the service
    HEAD  /files/events-<id>/upload      how much has arrived (tus 1.0: Upload-Offset)
    PATCH /files/events-<id>/upload      the next bytes; what came before the line broke is kept
    POST  /files/events-<id>/finish      size, hash and content are checked, pictures made clean
    GET   /files/events-<id>[/preview]   the content, for whoever may see what it belongs to

A service says what files it takes for what (`Purpose`), and who may see one:

    PICTURES = Purpose("activity_picture", kinds=PICTURE_KINDS, sight=sight, on_ready=shown)
    Service(…, routers=(…, files_router), on_start=(files_for(PICTURES),))
    file, new = await declare(db, parts, caller, PICTURES, given, subject=str(activity_id))

Nothing is believed that a client says of a file: what it is, its content tells (sniffing.py,
pictures.py, documents.py). The tables come with a migration: `create_file_tables(op)`.
"""
