package mysqlstore_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// families is a store of the suite's contract of references, captured.
type families struct {
	*mysqlstore.Store
	t   testing.TB
	ctx context.Context
	db  *sqlx.DB
	c   *transform.Contract
	at  store.At
}

func newFamilies(t testing.TB) *families {
	enginetest.NeedsRealMySQL(t, "locks rows and tells of foreign keys")
	f := &families{t: t, ctx: context.Background(), db: openDB(t, enginetest.MySQL(t)), c: storetest.FamilyContract(t)}
	for _, statement := range storetest.Schema(f.c) {
		f.db.MustExec(statement)
	}
	var err error
	f.Store, err = mysqlstore.New(f.db, f.c, nil)
	require.NoError(t, err)
	require.NoError(t, f.Init(f.ctx))
	from, err := f.Phase(f.ctx)
	require.NoError(t, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
	require.NoError(t, f.Advance(f.ctx, from, to, store.AuditEntry{}))
	f.at = store.At{Epoch: to.Epoch, Captured: true}
	return f
}

func (f *families) key(entity string, values ...any) transform.Key {
	f.t.Helper()
	key, err := f.c.Entity(entity).KeyOf(values...)
	require.NoError(f.t, err)
	return key
}

// remove deletes a person. along, if not nil, is called while the transaction holds
// its locks.
func (f *families) remove(id int, along func([]store.Along) error) (store.Written, error) {
	return f.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: f.key("People", id)}}, Along: along})
}

// waiting waits until a transaction waits for a lock. The server looks anew only if
// nobody has asked for a tenth of a second.
func (f *families) waiting() {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		var n int
		err := f.db.Get(&n, "SELECT COUNT(*) FROM information_schema.innodb_trx t"+
			" JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()")
		return err == nil && n > 0
	}, 30*time.Second, 150*time.Millisecond)
}

// TestNothingSlipsInBeforeADelete: a row that another connection has inserted and not
// committed is waited for, and taken along with its change record.
func TestNothingSlipsInBeforeADelete(t *testing.T) {
	f := newFamilies(t)
	f.db.MustExec("INSERT INTO people (person_id) VALUES (1)")
	conn, err := f.db.Connx(f.ctx)
	require.NoError(t, err)
	defer conn.Close()
	for _, statement := range []string{"START TRANSACTION", "INSERT INTO pets (owner_id, name) VALUES (1, 'rex')"} {
		_, err = conn.ExecContext(f.ctx, statement)
		require.NoError(t, err)
	}
	done := make(chan error, 1)
	var w store.Written
	go func() {
		var err error
		w, err = f.remove(1, nil)
		done <- err
	}()
	f.waiting()
	_, err = conn.ExecContext(f.ctx, "COMMIT")
	require.NoError(t, err)
	require.NoError(t, <-done)
	var keys []transform.Key
	for _, c := range w.Changes {
		keys = append(keys, c.Keys[0].Key)
	}
	require.Equal(t, []transform.Key{f.key("People", 1), f.key("Pets", 1, "rex")}, keys)
	row, err := f.Get(f.ctx, store.At{Captured: true}, f.key("Pets", 1, "rex"))
	require.NoError(t, err)
	require.True(t, row.Dirty && !row.Live)
}

// TestNothingSlipsInWhileADeleteLooks: from the look on, whoever would refer to one of
// the rows waits, on every level, and finds no target then.
func TestNothingSlipsInWhileADeleteLooks(t *testing.T) {
	for name, statement := range map[string]string{
		"to the record":               "INSERT INTO pets (owner_id, name) VALUES (1, 'rex')",
		"to what goes along":          "INSERT INTO pets (owner_id, name) VALUES (2, 'rex')",
		"by an update":                "UPDATE pets SET sitter_id = 2 WHERE owner_id = 3",
		"to what goes along as owner": "UPDATE pets SET owner_id = 2 WHERE owner_id = 3",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFamilies(t)
			f.db.MustExec("INSERT INTO people (person_id, parent_id) VALUES (1, NULL), (2, 1), (3, NULL)")
			f.db.MustExec("INSERT INTO pets (owner_id, name) VALUES (3, 'bo')")
			late := make(chan error, 1)
			_, err := f.remove(1, func([]store.Along) error {
				go func() {
					_, err := f.db.ExecContext(f.ctx, statement)
					late <- err
				}()
				f.waiting()
				return nil
			})
			require.NoError(t, err)
			require.ErrorContains(t, <-late, "1452")
		})
	}
}

// TestReferencesAreForeignKeys: one that MySQL does not keep, or keeps in another way,
// is found, and a cascade that no reference declares too.
func TestReferencesAreForeignKeys(t *testing.T) {
	f := newFamilies(t)
	errorsOf := func() []string {
		t.Helper()
		found, err := f.CheckSchema(f.ctx)
		require.NoError(t, err)
		live, err := mysqlstore.CheckLive(f.ctx, f.db, f.c)
		require.NoError(t, err)
		told := func(list []transform.Finding) (texts []string) {
			for _, x := range list {
				if x.Severity == transform.Error {
					texts = append(texts, x.Reason+"; "+x.Mend)
				}
			}
			slices.Sort(texts)
			return texts
		}
		require.Equal(t, told(found), told(live))
		return told(found)
	}
	require.Empty(t, errorsOf())
	require.NoError(t, f.Ready(f.ctx))

	f.db.MustExec("ALTER TABLE toys DROP FOREIGN KEY toys_pet")
	found := errorsOf()
	require.Len(t, found, 1)
	require.Contains(t, found[0], "the contract's reference of pet_owner,pet_name to Pets (on_delete cascade) is no foreign key of toys")
	require.Contains(t, found[0], "ALTER TABLE `toys` ADD FOREIGN KEY (`pet_owner`, `pet_name`) REFERENCES `pets` (`owner_id`, `name`) ON DELETE CASCADE")
	require.ErrorContains(t, f.Ready(f.ctx), "pet_owner,pet_name")

	f.db.MustExec("ALTER TABLE toys ADD CONSTRAINT toys_pet FOREIGN KEY (pet_owner, pet_name) REFERENCES pets (owner_id, name) ON DELETE SET NULL")
	found = errorsOf()
	require.Len(t, found, 2, "%v", found)
	require.Contains(t, found[0], "changes rows of toys by its foreign key toys_pet (ON DELETE SET NULL)")
	require.Contains(t, found[1], "is the foreign key toys_pet of toys, which says ON DELETE SET NULL")

	f.db.MustExec("ALTER TABLE toys DROP FOREIGN KEY toys_pet")
	f.db.MustExec("ALTER TABLE toys ADD FOREIGN KEY (pet_owner, pet_name) REFERENCES pets (owner_id, name) ON DELETE CASCADE")
	require.Empty(t, errorsOf(), "whatever it is called")
}
