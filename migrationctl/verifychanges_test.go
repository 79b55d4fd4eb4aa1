package migrationctl

// InDoubt returns a copy of the options for a verify that remembers so many keys
// in doubt, so that a few records fill it.
func (o VerifyOptions) InDoubt(keys int) VerifyOptions {
	o.inDoubt = keys
	return o
}
