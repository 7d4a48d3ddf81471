# Makes the workbooks beside it, by libraries that others wrote: pip install openpyxl xlsxwriter msoffcrypto-tool
import datetime as d, io
import openpyxl, xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.styles import numbers

people = [
    (101, "Zoë", d.date(2020, 2, 29), d.date(2024, 12, 31), True, 0.5),
    (7, "Ann & Bo <x>", d.date(1999, 1, 1), None, False, 1),
]

def openpyxl_book(file):
    book = openpyxl.Workbook()
    cover = book.active
    cover.title = "Cover"
    cover.sheet_state = "hidden"
    cover.append(["Nothing to see"])
    sheet = book.create_sheet("Staff")
    sheet.append(["Staff list"])
    sheet.merge_cells("A1:F1")
    sheet.append(["ID", "Name", "Hired", "Ends", "Active", "FTE"])
    for person in people:
        sheet.append(person)
    for row in sheet.iter_rows(min_row=3, min_col=3, max_col=4):
        for cell in row:
            cell.number_format = "DD.MM.YYYY"
    sheet.row_dimensions[4].hidden = True
    book.save(file)

openpyxl_book("openpyxl.xlsx")

book = xlsxwriter.Workbook("xlsxwriter.xlsx", {"date_1904": True})
sheet = book.add_worksheet("Staff")
day = book.add_format({"num_format": "yyyy-mm-dd"})
sheet.write_row(0, 0, ["ID", "Name", "Hired", "Ends", "Active", "FTE", "Both"])
for at, (id, name, hired, ends, active, fte) in enumerate(people, 1):
    sheet.write_number(at, 0, id)
    sheet.write_rich_string(at, 1, book.add_format({"bold": True}), name[:1], name[1:])
    sheet.write_datetime(at, 2, d.datetime.combine(hired, d.time()), day)
    if ends:
        sheet.write_datetime(at, 3, d.datetime.combine(ends, d.time()), day)
    sheet.write_boolean(at, 4, active)
    sheet.write_number(at, 5, fte)
    sheet.write_formula(at, 6, f'=A{at + 1}&"-"&B{at + 1}', None, f"{id}-{name}")
book.close()

plain = io.BytesIO()
openpyxl_book(plain)
plain.seek(0)
with open("encrypted.xlsx", "wb") as out:
    OOXMLFile(plain).encrypt("of-the-tests-only", out)
