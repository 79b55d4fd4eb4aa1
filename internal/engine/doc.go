// Package engine finds or starts the real engines, MySQL and DynamoDB, that
// tests, examples and commands run on.
//
//	db, err := engine.StartMySQL(ctx, engine.Options{})
//	if errors.Is(err, engine.ErrNotFound) { … } // the error says what was looked for
//	defer db.Close()
//	dsn, err := db.CreateDatabase(ctx, "shop")
//
// An engine that is named (an option, or the environment) is used as it is and
// never stopped. Otherwise a server is looked for on the machine and started
// for this process alone: with its own data directory, on a free port, as the
// user who runs the process, no root needed. It is stopped by process id at
// Close. A process that ends without Close, even by SIGKILL, leaves neither
// server nor data directory behind: TestNothingSurvivesTheParent holds that.
//
// What takes the place of an engine that is not there is a Substitute, and says so.
//
// What a private server promises: what it acknowledged survives the death of
// any client (TestKilledClientLosesNothing). What it does not promise: to
// survive a power cut, since it does not wait for the disk.
//
// MariaDB and dynoxide listen on 127.0.0.1 only. DynamoDB Local by itself
// listens on every interface; dynamoDBLocal says how that is mended, and in which
// one case it is not.
package engine
