package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"fettle/internal/hub"
	"fettle/internal/progress"
)

func (a *App) pull(ctx context.Context, args []string) int {
	fs := a.flags("pull", `hf:owner/name[@rev] | modelscope:owner/name[@rev] [-to DIR] [-include GLOB]

Brings a model directory: config, tokenizer, chat template, safetensors, licence. Every file is checked against the hub's own
digest; a pull that was cut short goes on where it stopped. Prints the directory. Environment: HF_TOKEN, HF_TOKEN_PATH,
HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, MODELSCOPE_API_TOKEN, MODELSCOPE_ENDPOINT, MODELSCOPE_CACHE, HTTPS_PROXY, as
the hubs' own clients read them (docs/guide/pulling.md).`)
	to := fs.String("to", "", "directory to make (default models/owner/name)")
	parallel := fs.Int("parallel", 4, "files at a time")
	var include []string
	fs.Func("include", "bring the files that match this `GLOB` instead of what a model needs; may be repeated", func(glob string) error {
		_, err := filepath.Match(glob, "")
		include = append(include, glob)
		return err
	})
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		return a.misuse(fs, "want one source")
	}
	if *parallel < 1 {
		return a.misuse(fs, "-parallel %d: want 1 or more", *parallel)
	}
	source, err := hub.ParseSource(rest[0])
	if err != nil {
		return a.misuse(fs, "%v", err)
	}
	if *to == "" {
		*to = filepath.Join("models", filepath.FromSlash(source.Repo))
	}
	view, err := progress.New("pull", a.Stderr, "")
	if err != nil {
		return a.fail("pull", err)
	}
	defer view.Close()
	record, err := hub.Pull(ctx, source, hub.FromEnv(), hub.Options{To: *to, Include: include, Parallel: *parallel, Progress: view})
	if err != nil {
		view.Close()
		return a.fail("pull", err)
	}
	view.Say("%s: %d files, %s bytes, every digest right; %s", *to, len(record.Files), progress.Count(record.Bytes()), record.LicenseLine())
	fmt.Fprintln(a.Stdout, *to)
	return 0
}
