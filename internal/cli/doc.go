// Package cli is fettle's command line: one verb a file, a table of them in app.go. A verb parses its flags, calls the
// packages that do the work, and returns an exit code: 0 done, 1 failed, 2 wrong usage or settings, 3 a gate said no.
//
// To add a verb, write <verb>.go with a function (a *App) verb(ctx, args) int and add its line to the table.
package cli
