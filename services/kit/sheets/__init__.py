"""Spreadsheets in and out: a sheet is declared once, and read, checked, annotated, written from it.

    STATIONS = Sheet("stations", said("科普阵地", "Stations"), columns=(
        Column("name", said("名称", "Name"), required=True, most=100),
        Column("division_code", said("区划代码", "Division code"), Kind.DIVISION, required=True),
    ))

declare → template (template.py) → the caller's file → rows (reading.py) → what is wrong, cell by
cell → the caller's own workbook back, marked (annotate.py); and rows out again (export.py).

XLSX is read by a scanner of our own over zipfile and expat (scan.py): calamine aborts the whole
process on a 2 KB file with two far corners (tafia/calamine#693), and openpyxl forgets pictures
and charts of a workbook that it writes again, and holds all of it in memory.
"""
