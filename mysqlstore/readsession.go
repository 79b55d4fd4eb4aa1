package mysqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
)

// What a session that reads for a preview or a check has in its own way, whatever
// the DSN or the server says, and how it gets back what it had. The statement
// keeps what is there before it sets anything.
//
// group_concat_max_len: lists are strings of hexadecimal digits, so that 16 MB
// hold every list that an item of 400 KB does. time_zone: TIMESTAMPs are shown in
// the session's. Character sets: in another one than utf8mb4 the server puts "?"
// for what it lacks, in values and in the keys that a pass goes on from.
// collation_connection goes with character_set_connection. sql_mode: one mode
// pads CHARs with blanks, one of MariaDB's makes NULL of an empty text, and so an
// absent attribute of an empty list. div_precision_increment: averages and
// quotients have that many digits more. sql_select_limit cuts a list short that
// has no LIMIT of its own. net_write_timeout: who reads the rows may take long
// over one of them.
const (
	readSession = "SET @crossfade_concat = @@SESSION.group_concat_max_len, @crossfade_zone = @@SESSION.time_zone," +
		" @crossfade_client = @@SESSION.character_set_client, @crossfade_results = @@SESSION.character_set_results," +
		" @crossfade_collation = @@SESSION.collation_connection, @crossfade_read_mode = @@SESSION.sql_mode," +
		" @crossfade_digits = @@SESSION.div_precision_increment, @crossfade_limit = @@SESSION.sql_select_limit," +
		" @crossfade_patience = @@SESSION.net_write_timeout," +
		" @@SESSION.group_concat_max_len = 16777216, @@SESSION.time_zone = '+00:00'," +
		" @@SESSION.character_set_client = 'utf8mb4', @@SESSION.character_set_results = 'utf8mb4'," +
		" @@SESSION.character_set_connection = 'utf8mb4', @@SESSION.sql_mode = " + readMode + "," +
		" @@SESSION.div_precision_increment = 4, @@SESSION.sql_select_limit = 9223372036854775807," +
		" @@SESSION.net_write_timeout = 3600"
	// readMode takes two modes out of those that are set. A server that does not
	// know one of them is never told its name as a mode.
	readMode = "TRIM(BOTH ',' FROM REPLACE(REPLACE(CONCAT(',', @@SESSION.sql_mode, ',')," +
		" ',PAD_CHAR_TO_FULL_LENGTH,', ','), ',EMPTY_STRING_IS_NULL,', ','))"
	unreadSession = "SET @@SESSION.group_concat_max_len = @crossfade_concat, @@SESSION.time_zone = @crossfade_zone," +
		" @@SESSION.character_set_client = @crossfade_client, @@SESSION.character_set_results = @crossfade_results," +
		" @@SESSION.collation_connection = @crossfade_collation, @@SESSION.sql_mode = @crossfade_read_mode," +
		" @@SESSION.div_precision_increment = @crossfade_digits, @@SESSION.sql_select_limit = @crossfade_limit," +
		" @@SESSION.net_write_timeout = @crossfade_patience"
)

// reading calls do with a connection that has the session to read with. The
// session is given back as it was, or the connection is ended.
func reading(ctx context.Context, db *sqlx.DB, do func(*sqlx.Conn) error) error {
	conn, err := db.Connx(ctx)
	if err != nil {
		return err
	}
	broken := true
	defer func() { release(conn, broken) }()
	if _, err := conn.ExecContext(ctx, readSession); err != nil {
		return err
	}
	err = do(conn)
	c, cancel := store.Detached(ctx, defaultCommitTimeout)
	defer cancel()
	_, restored := conn.ExecContext(c, unreadSession)
	broken = restored != nil
	return err
}
