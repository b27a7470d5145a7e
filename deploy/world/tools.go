// What the PC needs from the machine that it runs on, and how it gets it.

package world

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"certdesk/cmd/ukeyagent/token/tokentest"
)

// tools are the programs that were found; an empty path was not.
type tools struct {
	beside  string // ukeyagent beside our own executable
	goTool  string
	cc      string
	softhsm string
	module  string
	sources string // directory of the module that has cmd/ukeyagent
}

func findTools() tools {
	var t tools
	if self, err := os.Executable(); err == nil {
		t.beside, _ = exec.LookPath(filepath.Join(filepath.Dir(self), "ukeyagent"))
	}
	t.goTool, _ = exec.LookPath("go")
	for _, name := range []string{"gcc", "clang", "cc"} {
		if t.cc == "" {
			t.cc, _ = exec.LookPath(name)
		}
	}
	t.softhsm, _ = exec.LookPath("softhsm2-util")
	t.module, _ = tokentest.Module()
	t.sources = sources()
	return t
}

// sources finds the module from which this program was built, if it is still
// where it was.
func sources() string {
	_, file, _, ok := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	if _, err := os.Stat(filepath.Join(root, "cmd", "ukeyagent", "main.go")); !ok || err != nil {
		return ""
	}
	return root
}

// missing says which tools must be installed, and how.
func (t tools) missing() []string {
	missing := []string{}
	if t.softhsm == "" || t.module == "" {
		missing = append(missing, "缺少 SoftHSM2（用来模拟 UKey）。安装：apt-get install softhsm2")
	}
	if t.beside != "" {
		return missing
	}
	if t.goTool == "" {
		missing = append(missing, "缺少 Go（用来编译证书工具 ukeyagent）。安装：见 https://go.dev/dl/ ，或把编译好的 ukeyagent 放在 certdesk 旁边")
	}
	if t.cc == "" {
		missing = append(missing, "缺少 C 编译器（证书工具要用它连接 UKey 驱动）。安装：apt-get install gcc libc6-dev")
	}
	if t.sources == "" {
		missing = append(missing, "找不到证书工具的源代码。请把编译好的 ukeyagent 放在 certdesk 旁边")
	}
	return missing
}

// agent returns the tool: the one beside the executable, or one that is built
// now; the compiler's cache makes that quick from the second time on.
func (p *pc) agent(ctx context.Context) (string, error) {
	if p.tools.beside != "" {
		return p.tools.beside, nil
	}
	ctx, cancel := context.WithTimeout(ctx, buildsIn)
	defer cancel()
	fmt.Fprintln(p, "正在准备证书工具（第一次约需一分钟）……")
	tool := filepath.Join(p.dir, "ukeyagent")
	build := exec.CommandContext(ctx, p.tools.goTool, "build", "-o", tool, "./cmd/ukeyagent")
	build.Dir = p.tools.sources
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "CC="+p.tools.cc)
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("world: build of ukeyagent: %w: %s", err, output)
	}
	return tool, nil
}
