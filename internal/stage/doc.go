// Package stage is the lifecycle that the five stages share: settings, key, lock, cache, work folder, row accounting, report
// and exit code. A stage brings its settings struct and one function:
//
//	var Stage = stage.Def[Settings]{Name: "clean", Version: 1, Inputs: []stage.Input{{Name: "ingest"}}, Defaults: defaults, Run: run}
//
//	func run(ctx context.Context, j *stage.Job[Settings]) error
//
// Run reads j.Settings and j.In, writes files under j.Dir, counts every input row once (j.Keep, j.Drop, j.Reject) and returns.
// What it writes must be a pure function of its key; anything else is marked by j.Fact. On a cancelled context it saves a
// checkpoint under j.Work and returns the context's cause; the next start finds the checkpoint there and goes on.
//
// Exit codes: 0 done or cached, 1 failed, 2 wrong usage or settings, 3 a gate said no, 130 and 143 interrupted.
package stage
