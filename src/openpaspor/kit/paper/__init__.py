"""Papers as PDF, without any system library: visit pass, receipt, data page. Plain values in, bytes out."""

from openpaspor.kit.paper.data_page import DataPage, data_page_pdf
from openpaspor.kit.paper.receipt import Receipt, ReceiptLine, receipt_pdf
from openpaspor.kit.paper.visit_pass import VisitSheet, visit_pass_pdf

__all__ = [
    "DataPage",
    "Receipt",
    "ReceiptLine",
    "VisitSheet",
    "data_page_pdf",
    "receipt_pdf",
    "visit_pass_pdf",
]
