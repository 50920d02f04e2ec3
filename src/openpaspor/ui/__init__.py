"""The look of everything: base pages, components, forms, refusals and error pages."""
