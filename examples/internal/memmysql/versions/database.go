package versions

import (
	"maps"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
)

// A Database is one database, as whoever asks sees it.
type Database struct {
	store *Store
	name  string
}

var (
	_ sql.TableCreator     = (*Database)(nil)
	_ sql.TableDropper     = (*Database)(nil)
	_ sql.TableRenamer     = (*Database)(nil)
	_ sql.CollatedDatabase = (*Database)(nil)
	_ sql.TriggerDatabase  = (*Database)(nil)
	_ sql.ViewDatabase     = (*Database)(nil)
)

// Name implements sql.Database.
func (d *Database) Name() string { return d.name }

// see returns the database as the context's session sees it.
func (d *Database) see(ctx *sql.Context) *schema {
	if s := d.store.of(ctx).view().databases[strings.ToLower(d.name)]; s != nil {
		return s
	}
	return &schema{name: d.name}
}

// change returns the database for changing it.
func (d *Database) change(ctx *sql.Context) (*schema, error) {
	if s := d.store.of(ctx).changeSchema(d.name); s != nil {
		return s, nil
	}
	return nil, sql.ErrDatabaseNotFound.New(d.name)
}

// GetTableInsensitive implements sql.Database.
func (d *Database) GetTableInsensitive(ctx *sql.Context, name string) (sql.Table, bool, error) {
	t := d.see(ctx).tables[strings.ToLower(name)]
	if t == nil {
		return nil, false, nil
	}
	return &Table{d.store, d.name, t}, true, nil
}

// GetTableNames implements sql.Database.
func (d *Database) GetTableNames(ctx *sql.Context) ([]string, error) {
	var names []string
	tables := d.see(ctx).tables
	for _, key := range slices.Sorted(maps.Keys(tables)) {
		names = append(names, tables[key].name)
	}
	return names, nil
}

// CreateTable implements sql.TableCreator.
func (d *Database) CreateTable(ctx *sql.Context, name string, columns sql.PrimaryKeySchema, collation sql.CollationID, comment string) error {
	s, err := d.change(ctx)
	if err != nil {
		return err
	}
	if s.tables[strings.ToLower(name)] != nil {
		return sql.ErrTableAlreadyExists.New(name)
	}
	s.tables[strings.ToLower(name)] = newTable(name, columns, collation, comment)
	return nil
}

// DropTable implements sql.TableDropper.
func (d *Database) DropTable(ctx *sql.Context, name string) error {
	s, err := d.change(ctx)
	if err != nil {
		return err
	}
	if s.tables[strings.ToLower(name)] == nil {
		return sql.ErrTableNotFound.New(name)
	}
	delete(s.tables, strings.ToLower(name))
	s.foreign = slices.DeleteFunc(s.foreign, func(f sql.ForeignKeyConstraint) bool { return strings.EqualFold(f.Table, name) })
	return nil
}

// RenameTable implements sql.TableRenamer.
func (d *Database) RenameTable(ctx *sql.Context, from, to string) error {
	t := d.store.of(ctx).changeTable(d.name, from)
	if t == nil {
		return sql.ErrTableNotFound.New(from)
	}
	s, err := d.change(ctx)
	if err != nil {
		return err
	}
	if s.tables[strings.ToLower(to)] != nil {
		return sql.ErrTableAlreadyExists.New(to)
	}
	delete(s.tables, strings.ToLower(from))
	t.name, t.columns.Schema = to, t.columns.Schema.Copy()
	for _, c := range t.columns.Schema {
		c.Source = to
	}
	s.tables[strings.ToLower(to)] = t
	return nil
}

// GetCollation implements sql.CollatedDatabase.
func (d *Database) GetCollation(ctx *sql.Context) sql.CollationID { return d.see(ctx).collation }

// SetCollation implements sql.CollatedDatabase.
func (d *Database) SetCollation(ctx *sql.Context, collation sql.CollationID) error {
	s, err := d.change(ctx)
	if err == nil {
		s.collation = collation
	}
	return err
}

// GetTriggers implements sql.TriggerDatabase.
func (d *Database) GetTriggers(ctx *sql.Context) ([]sql.TriggerDefinition, error) {
	return slices.Clone(d.see(ctx).triggers), nil
}

// CreateTrigger implements sql.TriggerDatabase.
func (d *Database) CreateTrigger(ctx *sql.Context, t sql.TriggerDefinition) error {
	s, err := d.change(ctx)
	if err == nil {
		s.triggers = append(s.triggers, t)
	}
	return err
}

// DropTrigger implements sql.TriggerDatabase.
func (d *Database) DropTrigger(ctx *sql.Context, name string) error {
	s, err := d.change(ctx)
	if err != nil {
		return err
	}
	before := len(s.triggers)
	s.triggers = slices.DeleteFunc(s.triggers, func(t sql.TriggerDefinition) bool { return strings.EqualFold(t.Name, name) })
	if len(s.triggers) == before {
		return sql.ErrTriggerDoesNotExist.New(name)
	}
	return nil
}

// CreateView implements sql.ViewDatabase.
func (d *Database) CreateView(ctx *sql.Context, name, selects, creates string) error {
	s, err := d.change(ctx)
	if err == nil {
		s.views[strings.ToLower(name)] = sql.ViewDefinition{Name: name, TextDefinition: selects, CreateViewStatement: creates,
			SqlMode: sql.LoadSqlMode(ctx).String()}
	}
	return err
}

// DropView implements sql.ViewDatabase.
func (d *Database) DropView(ctx *sql.Context, name string) error {
	s, err := d.change(ctx)
	if err != nil {
		return err
	}
	if _, ok := s.views[strings.ToLower(name)]; !ok {
		return sql.ErrViewDoesNotExist.New(d.name, name)
	}
	delete(s.views, strings.ToLower(name))
	return nil
}

// GetViewDefinition implements sql.ViewDatabase.
func (d *Database) GetViewDefinition(ctx *sql.Context, name string) (sql.ViewDefinition, bool, error) {
	v, ok := d.see(ctx).views[strings.ToLower(name)]
	return v, ok, nil
}

// AllViews implements sql.ViewDatabase.
func (d *Database) AllViews(ctx *sql.Context) ([]sql.ViewDefinition, error) {
	var all []sql.ViewDefinition
	views := d.see(ctx).views
	for _, key := range slices.Sorted(maps.Keys(views)) {
		all = append(all, views[key])
	}
	return all, nil
}
