// Package local has what an example runs on, on this machine: the engines that are
// named, found or in this process, and in them a database and DynamoDB tables of
// the run's own, which it removes in the end.
//
//	e, err := local.Start(ctx, dsn, endpoint) // "" and "": what is found
//	defer e.Close()
//	site, err := local.NewSite(ctx, e, "notes", contractJSON)
//	defer site.Clear()
//	_, err = site.DB.ExecContext(ctx, createNotes)
//	err = site.CreateTables(ctx, nil)
//	ctl, err := migrationctl.Open(ctx, site.MySQL, site.Dynamo, nil)
//
// It is no part of what a service copies: a service has engines, a database and
// credentials of its own.
package local
