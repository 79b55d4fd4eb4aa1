package collation

// Files returns the files of weights.
func Files() map[string][]byte {
	return map[string][]byte{"general": generalFile, "uca4": uca4File, "uca9": uca9File, "swedish": swedishFile}
}
