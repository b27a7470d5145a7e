package server

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule says what the packages below a directory may import besides the
// standard library. The first rule whose directory fits is the one that holds.
type rule struct {
	dir     string
	ours    string // packages of this module, blank-separated; "..." for all
	vendors string // prefixes of foreign modules, blank-separated
	std     string // when set, the only packages of the standard library
}

// house is who may import whom (design.md 2, style.md 4.2). Stand-ins may
// import what they stand in for their callers' words; nothing that runs in
// production imports a stand-in.
var house = []rule{
	{dir: "flows", std: "cmp embed errors fmt hash/fnv maps math regexp slices strconv strings time unicode unicode/utf8"},
	{dir: "bot/wechat/wechattest", ours: "flows"},
	{dir: "bot/wechat", ours: "flows"},
	{dir: "bot", ours: "flows", std: "crypto/aes crypto/cipher crypto/rand crypto/sha1 crypto/sha256 crypto/subtle encoding/base64 encoding/binary encoding/hex encoding/xml bytes errors fmt io net/url slices strconv strings time unicode unicode/utf8"},
	{dir: "miniapp/alipay/alipaytest", ours: "flows"},
	{dir: "miniapp/alipay", ours: "flows", vendors: "github.com/smartwalle/"},
	{dir: "miniapp", ours: "flows", std: "bytes encoding/json errors fmt io slices strconv strings time unicode/utf8 unicode"},
	{dir: "server/activation", std: "time"},
	{dir: "server/sealed", ours: "flows", vendors: "github.com/fxamacker/cbor/v2"},
	{dir: "server/desk/desktest", ours: "flows server/desk", vendors: "pgregory.net/rapid"},
	{dir: "server/desk", ours: "flows"},
	{dir: "server/talks/redistest", vendors: "github.com/redis/go-redis/v9"},
	{dir: "server/talks", ours: "flows server/desk server/sealed", vendors: "github.com/redis/go-redis/v9"},
	{dir: "server/ledger/ledgertest", vendors: "github.com/jackc/pgx"},
	{dir: "server/ledger", ours: "flows server/desk server/sealed", vendors: "github.com/uptrace/bun modernc.org/sqlite github.com/jackc/pgx github.com/pressly/goose github.com/riverqueue/river github.com/alexedwards/argon2id"},
	{dir: "server/courier/couriertest", ours: "flows"},
	{dir: "server/courier", ours: "flows"},
	{dir: "server/esign/esigntest", ours: "flows"},
	{dir: "server/esign", ours: "flows"},
	{dir: "server/sms/smstest", ours: "flows"},
	{dir: "server/sms", ours: "flows", vendors: "github.com/alibabacloud-go/"},
	{dir: "server/bank/banktest", ours: "flows"},
	{dir: "server/bank", ours: "flows", vendors: "github.com/xuri/excelize/v2 golang.org/x/text"},
	{dir: "server/ca/catest"},
	{dir: "server/ca", ours: "flows", vendors: "github.com/globalsign/est"},
	{dir: "server/pages", ours: "flows"},
	{dir: "server/console", ours: "flows server/desk"},
	{dir: "server", ours: "flows bot bot/wechat miniapp miniapp/alipay server/activation server/sealed server/desk server/talks server/ledger server/courier server/esign server/sms server/bank server/ca server/pages server/console", vendors: "github.com/ go.opentelemetry.io/"},
	{dir: "cmd/ukeyagent/token/tokentest"},
	{dir: "cmd/ukeyagent", ours: "server/activation cmd/ukeyagent/token", vendors: "github.com/miekg/pkcs11 github.com/alecthomas/kong github.com/emmansun/gmsm golang.org/x/term"},
	{dir: "deploy/world", vendors: "golang.org/x/net/html github.com/skip2/go-qrcode", ours: "flows cmd/ukeyagent/token/tokentest bot/wechat/wechattest miniapp/alipay/alipaytest server/courier/couriertest server/esign/esigntest server/sms/smstest server/bank/banktest server/ca/catest"},
	{dir: "cmd/certdesk", ours: "flows bot server server/sealed deploy/world", vendors: "github.com/alecthomas/kong github.com/HdrHistogram/hdrhistogram-go"},
}

const module = "certdesk/"

// TestImports keeps each line in its room: production code imports what the
// table allows, and no more.
func TestImports(t *testing.T) {
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		at := slices.IndexFunc(house, func(r rule) bool { return dir == r.dir || strings.HasPrefix(dir, r.dir+"/") })
		if at < 0 {
			t.Errorf("%s: no rule says what it may import", name)
			return nil
		}
		for _, spec := range file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); !house[at].allows(path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r rule) allows(path string) bool {
	if own, ok := strings.CutPrefix(path, module); ok {
		return slices.Contains(strings.Fields(r.ours), own)
	}
	if strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		return slices.ContainsFunc(strings.Fields(r.vendors), func(v string) bool { return strings.HasPrefix(path, v) })
	}
	return r.std == "" || slices.Contains(strings.Fields(r.std), path)
}
