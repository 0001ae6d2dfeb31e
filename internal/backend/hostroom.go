package backend

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// hostRoom is what this process may still take of the machine's memory: what the kernel calls available, and no more than the
// limits of the cgroups that it is in, of version 1 or 2. files is the root of the file system; false where it has no /proc.
func hostRoom(files fs.FS) (Room, bool) {
	info := table(files, "proc/meminfo")
	available, ok := info["MemAvailable"]
	if !ok {
		return Room{}, false
	}
	r := Room{Bytes: available << 10, Swap: info["SwapFree"] << 10, Of: "this machine"}
	for _, g := range cgroups(files) {
		if free, swap, ok := g.free(files); ok && free < r.Bytes {
			r = Room{Bytes: free, Swap: min(r.Swap, swap), Of: "its cgroup"}
		}
	}
	return r, true
}

// cgroup is a folder of limits, and how its version calls them.
type cgroup struct {
	folder             string
	limit, used        string
	swapLimit, swapped string
	cache              []string // lines of memory.stat: what the kernel gives back when it is asked for
}

// cgroups are those that the process is in, and those around them. In a container the paths are the host's, and what is mounted
// is its own: the folder itself is always asked.
func cgroups(files fs.FS) (all []cgroup) {
	raw, err := fs.ReadFile(files, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(raw)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		g := cgroup{limit: "memory.max", used: "memory.current", swapLimit: "memory.swap.max", swapped: "memory.swap.current", cache: []string{"inactive_file", "active_file"}}
		root := "sys/fs/cgroup"
		switch {
		case parts[1] == "memory":
			root += "/memory"
			g = cgroup{limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cache: []string{"total_inactive_file", "total_active_file"}}
		case parts[1] != "":
			continue // another controller of version 1
		}
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			g.folder = path.Join(root, at)
			all = append(all, g)
			if at == "/" {
				break
			}
		}
	}
	return all
}

// free is what the cgroup's limit leaves; false where it has none.
func (g cgroup) free(files fs.FS) (free, swap int64, ok bool) {
	limit, ok := number(files, path.Join(g.folder, g.limit))
	used, known := number(files, path.Join(g.folder, g.used))
	if !ok || !known {
		return 0, 0, false
	}
	stat := table(files, path.Join(g.folder, "memory.stat"))
	for _, name := range g.cache {
		used -= stat[name]
	}
	swap = 1 << 62
	if most, ok := number(files, path.Join(g.folder, g.swapLimit)); ok && g.swapLimit != "" {
		taken, _ := number(files, path.Join(g.folder, g.swapped))
		swap = max(0, most-taken)
	}
	return max(0, limit-max(0, used)), swap, true
}

// number reads a file that is one; false for "max", and where there is no file.
func number(files fs.FS, name string) (int64, bool) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	return n, err == nil
}

// table reads lines of a name and a number.
func table(files fs.FS, name string) map[string]int64 {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil
	}
	out := map[string]int64{}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			out[strings.TrimSuffix(fields[0], ":")] = n
		}
	}
	return out
}
