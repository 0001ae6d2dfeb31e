package backend

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// What a process may take is the least of what the kernel has and of what its cgroups leave, whose file cache does not count.
func TestHostRoom(t *testing.T) {
	const meminfo = "MemTotal:       16000000 kB\nMemFree: 100 kB\nMemAvailable:    8000000 kB\nSwapFree:  1000 kB\n"
	const v2, v1 = "0::/user/job\n", "5:cpu,cpuacct:/job\n4:memory:/job\n0::/\n"
	const none = "9223372036854771712\n" // how version 1 says that there is no limit
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  Room
		not   bool // known
	}{
		{name: "no proc", not: true},
		{name: "no cgroup", files: map[string]string{"proc/meminfo": meminfo}, want: Room{8000000 << 10, 1000 << 10, "this machine"}},
		{name: "version 2 without a limit", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": v2,
			"sys/fs/cgroup/user/job/memory.max": "max\n", "sys/fs/cgroup/user/job/memory.current": "5\n"}, want: Room{8000000 << 10, 1000 << 10, "this machine"}},
		{name: "version 2", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": v2,
			"sys/fs/cgroup/user/job/memory.max": "1000000\n", "sys/fs/cgroup/user/job/memory.current": "700000\n",
			"sys/fs/cgroup/user/job/memory.stat":     "anon 100000\ninactive_file 200000\nactive_file 50000\n",
			"sys/fs/cgroup/user/job/memory.swap.max": "3000\n", "sys/fs/cgroup/user/job/memory.swap.current": "1000\n"}, want: Room{550000, 2000, "its cgroup"}},
		{name: "the one around it is tighter", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": v2,
			"sys/fs/cgroup/user/job/memory.max": "1000000\n", "sys/fs/cgroup/user/job/memory.current": "0\n",
			"sys/fs/cgroup/user/memory.max": "400000\n", "sys/fs/cgroup/user/memory.current": "100000\n"}, want: Room{300000, 1000 << 10, "its cgroup"}},
		{name: "a container's own mount", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/of/the/host\n",
			"sys/fs/cgroup/memory.max": "1000000\n", "sys/fs/cgroup/memory.current": "1\n"}, want: Room{999999, 1000 << 10, "its cgroup"}},
		{name: "version 1", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": v1,
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "600000\n", "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "500000\n",
			"sys/fs/cgroup/memory/job/memory.stat":       "inactive_file 7\ntotal_inactive_file 100000\ntotal_active_file 1\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": none, "sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n"}, want: Room{200001, 1000 << 10, "its cgroup"}},
		{name: "more used than allowed", files: map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": v2,
			"sys/fs/cgroup/user/job/memory.max": "10\n", "sys/fs/cgroup/user/job/memory.current": "12\n"}, want: Room{0, 1000 << 10, "its cgroup"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range tt.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, ok := hostRoom(files)
			if ok == tt.not {
				t.Fatalf("known: %v", ok)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRoomAsTold(t *testing.T) {
	t.Setenv(memoryVariable, "2GiB")
	got, ok, err := Backend{Name: "xla:cuda"}.Room()
	if diff := cmp.Diff(Room{Bytes: 2 << 30, Of: memoryVariable}, got); !ok || err != nil || diff != "" {
		t.Error(ok, err, diff)
	}
	t.Setenv(memoryVariable, "plenty")
	if _, _, err := (Backend{Name: "go"}).Room(); err == nil {
		t.Error("no size was taken for one")
	}
}
