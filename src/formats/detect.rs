//! Which format a file has, judged by its content and never by its extension.
