"""The application: form, documents, dossier, state, custody and tracker."""
