"""The processes that run a target: warm, limited, watched, and telling all they do."""
