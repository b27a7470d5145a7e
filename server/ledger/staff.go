package ledger

// Role is what a member of staff may do.
type Role string
