"""OpenPaspor: a passport service that keeps serving when the centre is gone."""
