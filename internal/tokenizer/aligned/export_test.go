package aligned

// Settled says whether the table calls a rune settled, and whether it is.
func Settled(r rune) (table, truth bool) {
	return unsettledTable().find(string(r), 0) < 0, !isUnsettled(r)
}

// IsWhole exposes isWhole.
func IsWhole(r rune) bool { return isWhole(r) }
