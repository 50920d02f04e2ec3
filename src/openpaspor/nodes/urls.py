"""The doors. Each room brings its own; an installation serves those of its role."""

from __future__ import annotations

from openpaspor.ledger import node

from . import doors

urlpatterns = doors.patterns(node.here().role)

handler400 = "openpaspor.ui.views.bad_request"
handler403 = "openpaspor.ui.views.permission_denied"
handler404 = "openpaspor.ui.views.page_not_found"
handler500 = "openpaspor.ui.views.server_error"
