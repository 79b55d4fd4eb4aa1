package mysqlstore

// schemaMark is the comment of each of the library's own tables. It says which
// library and which version of its schema made them.
const schemaMark = "crossfade schema 3"

// An ownTable is one of the library's own tables.
type ownTable struct {
	name string
	body string // columns and keys
	// copies says that only a contract whose items have copies needs it. Whoever has
	// no such contract need not run init again for it.
	copies bool
}

// Types of the columns that are keys. Names compare byte by byte; InnoDB
// indexes at most 3072 bytes: 2 × 64 × 4 for group and entity, 2048 for the id.
const (
	typeIdent    = "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
	typeKeyBytes = "VARBINARY(2048) NOT NULL"
	typeText     = "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
	typeState    = "VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL" // see markText
	typeTime     = "DATETIME(6) NOT NULL"                                       // UTC by the server's clock
)

// ownTables returns the library's own tables. Dates are UTC_TIMESTAMP(6), so
// that no session's time zone has a say in them.
func ownTables() []ownTable {
	return []ownTable{
		// The row that every write holds with a shared lock, and that Advance
		// locks exclusively.
		{name: "crossfade_fence", body: "grp " + typeIdent + " PRIMARY KEY, epoch BIGINT UNSIGNED NOT NULL," +
			" state " + typeState + ", capture TINYINT NOT NULL, floor BIGINT UNSIGNED NOT NULL"},
		// Apart from the fence, so that the sign of life of a hand-off's driver
		// never waits for writers. state, epoch and capture are the fence's; both
		// rows are changed by one transaction.
		{name: "crossfade_phase", body: "grp " + typeIdent + " PRIMARY KEY, phase TINYINT UNSIGNED NOT NULL," +
			" capture TINYINT NOT NULL, epoch BIGINT UNSIGNED NOT NULL," +
			" state " + typeState + ", revision BIGINT UNSIGNED NOT NULL," +
			" next_phase TINYINT UNSIGNED NOT NULL, next_capture TINYINT NOT NULL, driver " + typeIdent + "," +
			" capture_epoch BIGINT UNSIGNED NOT NULL, follower_empty TINYINT NOT NULL," +
			" contract " + typeIdent + ", changed_at " + typeTime},
		// One row per key that was ever written under capture. The secondary
		// index finds the dirty ones in the order of keys; a write to a key
		// that is dirty already does not touch it.
		{name: "crossfade_change", body: "grp " + typeIdent + ", entity " + typeIdent + ", id " + typeKeyBytes + "," +
			" version BIGINT UNSIGNED NOT NULL, dirty TINYINT NOT NULL, dirty_at " + typeTime + "," +
			" PRIMARY KEY (grp, entity, id), KEY dirty (grp, dirty, entity, id)"},
		// One row per record whose copies may be old, at the version of the change
		// record that its writer left. Such a version is given once: change records are
		// never removed, and a higher epoch raises the floor of all. reached is how far
		// the present pass over what shows the record has come, since the version at
		// which that began, or that of the mark where it has not; created_at when the
		// oldest change that the mark stands for was made.
		{name: "crossfade_fanout", copies: true, body: "grp " + typeIdent + ", entity " + typeIdent + ", id " + typeKeyBytes + "," +
			" version BIGINT UNSIGNED NOT NULL, since BIGINT UNSIGNED NOT NULL, reached BLOB NOT NULL, created_at " + typeTime + "," +
			" PRIMARY KEY (grp, entity, id)"},
		// assigned holds the ids that MySQL gave in the token's write, with commas
		// between; carried says that the other store holds the token too.
		{name: "crossfade_token", body: "grp " + typeIdent + ", token VARBINARY(128) NOT NULL," +
			" fingerprint BINARY(32) NOT NULL, assigned " + typeText + ", carried TINYINT NOT NULL, created_at " + typeTime + "," +
			" PRIMARY KEY (grp, token), KEY created (grp, created_at), KEY carried (grp, carried, token)"},
		// read_counts is in JSON.
		{name: "crossfade_process", body: "grp " + typeIdent + ", process " + typeIdent + ", host " + typeText + "," +
			" read_counts " + typeText + ", epoch BIGINT UNSIGNED NOT NULL, contract " + typeIdent + ", started " + typeTime + ", renewed_at " + typeTime + "," +
			" PRIMARY KEY (grp, process)"},
		{name: "crossfade_audit", body: "n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, grp " + typeIdent + "," +
			" at " + typeTime + ", who " + typeText + ", action " + typeText + ", was " + typeText + "," +
			" became " + typeText + ", reason " + typeText + ", detail " + typeText + ", KEY newest (grp, n)"},
		{name: "crossfade_dead_letter", body: "grp " + typeIdent + ", entity " + typeIdent + ", id " + typeKeyBytes + "," +
			" version BIGINT UNSIGNED NOT NULL, reason " + typeText + ", at " + typeTime + "," +
			" PRIMARY KEY (grp, entity, id)"},
		{name: "crossfade_progress", body: "grp " + typeIdent + ", name " + typeIdent + ", entity " + typeIdent + "," +
			" capture_epoch BIGINT UNSIGNED NOT NULL, resume_at " + typeText + ", done TINYINT NOT NULL," +
			" row_count BIGINT NOT NULL, detail MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL," +
			" updated_at " + typeTime + ", PRIMARY KEY (grp, name, entity)"},
	}
}

// create returns the statement that makes the table unless it is there. The
// row format is said because older settings of the server would choose one
// that indexes 767 bytes only.
func (t ownTable) create() string {
	return "CREATE TABLE IF NOT EXISTS " + t.name + " (" + t.body + ")" +
		" ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COMMENT='" + schemaMark + "'"
}
