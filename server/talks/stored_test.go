package talks

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// What earlier releases stored. testdata/stored.txt holds one value of each kind
// with every field filled, as the release wrote it that first knew the kind. Its
// lines are never changed: a release that cannot read one, or loses a field of
// it, cannot be deployed while talks are under way.

var update = flag.Bool("update", false, "add the kinds that are missing to testdata/stored.txt")

const storedFile = "testdata/stored.txt"

// storedKey sealed the file. It protects nothing.
var storedKey = "1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))

// codec is how one kind of value is stored.
type codec struct {
	zero   func(name string) any // nil when the name means nothing
	encode func(k *sealed.Keys, place string, v any) ([]byte, error)
	decode func(k *sealed.Keys, place string, box []byte) (any, error)
}

func plain(zero any) codec {
	return codec{
		zero:   func(string) any { return zero },
		encode: sealed.Encode,
		decode: func(k *sealed.Keys, place string, box []byte) (any, error) {
			v := reflect.New(reflect.TypeOf(zero))
			err := sealed.Decode(k, place, box, v.Interface())
			return v.Elem().Interface(), err
		},
	}
}

var codecs = map[string]codec{
	"talk":   plain(stored{}),
	"answer": plain(desk.Answer{}),
	"lines":  plain([]desk.Line{}),
	"effect": {
		zero: func(name string) any { return orNil(flows.EffectOf(flows.Verb(name))) },
		encode: func(k *sealed.Keys, place string, v any) ([]byte, error) {
			return sealed.EncodeEffect(k, place, v.(flows.Effect))
		},
		decode: func(k *sealed.Keys, place string, box []byte) (any, error) {
			return sealed.DecodeEffect(k, place, box)
		},
	},
	"report": {
		zero: func(name string) any { return orNil(flows.HappeningOf(flows.Kind(name))) },
		encode: func(k *sealed.Keys, place string, v any) ([]byte, error) {
			return sealed.EncodeHappening(k, place, v.(flows.Happening))
		},
		decode: func(k *sealed.Keys, place string, box []byte) (any, error) {
			return sealed.DecodeHappening(k, place, box)
		},
	},
}

func orNil[T comparable](v T) any {
	var none T
	if v == none {
		return nil
	}
	return v
}

func TestWhatEarlierReleasesStored(t *testing.T) {
	keys, err := sealed.ParseKeys(storedKey)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(storedFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(file)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[name] = true
		was, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kind, sort, _ := strings.Cut(name, "/")
		c := codecs[kind]
		if c.zero(sort) == nil {
			t.Errorf("%s was stored by an earlier release, and this one does not know it", name)
			continue
		}
		v, err := c.decode(keys, name, was)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		now, err := c.encode(keys, name, v)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := opened(t, keys, name, was), opened(t, keys, name, now); !bytes.Equal(before, after) {
			t.Errorf("%s loses something between two releases:\nwas %x\nnow %x", name, before, after)
		}
	}
	missing := slices.DeleteFunc(kinds(t), func(name string) bool { return known[name] })
	if !*update {
		if len(missing) > 0 {
			t.Errorf("%v are stored and not in %s: go test ./server/talks -run EarlierReleases -update", missing, storedFile)
		}
		return
	}
	for _, name := range missing {
		kind, sort, _ := strings.Cut(name, "/")
		c := codecs[kind]
		v := reflect.New(reflect.TypeOf(c.zero(sort))).Elem()
		fill(t, v)
		box, err := c.encode(keys, name, v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		file = fmt.Appendf(file, "%s %s\n", name, base64.StdEncoding.EncodeToString(box))
	}
	if err := os.WriteFile(storedFile, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWhatALaterReleaseStored comes back to this release: what it does not know
// it leaves alone, and reads the rest.
func TestWhatALaterReleaseStored(t *testing.T) {
	keys, err := sealed.ParseKeys(storedKey)
	if err != nil {
		t.Fatal(err)
	}
	type later struct {
		Case flows.Case     `cbor:"1,keyasint,omitempty"`
		More map[string]int `cbor:"99,keyasint,omitempty"`
	}
	box, err := sealed.Encode(keys, "talk", later{Case: flows.Case{At: flows.Welcome, Seq: 7}, More: map[string]int{"new": 1}})
	if err != nil {
		t.Fatal(err)
	}
	var got stored
	if err := sealed.Decode(keys, "talk", box, &got); err != nil || got.Case.At != flows.Welcome || got.Case.Seq != 7 {
		t.Errorf("a talk of a later release is read as %+v, %v", got, err)
	}
}

func opened(t *testing.T, keys *sealed.Keys, place string, box []byte) []byte {
	t.Helper()
	text, err := keys.Open(place, box)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// kinds reads the names of all that is stored from where they are written down.
func kinds(t *testing.T) []string {
	t.Helper()
	all := []string{"talk", "answer", "lines"}
	for prefix, name := range map[string]string{"effect": `Verb = "([a-z-]+)"`, "report": `Kind = "([a-z-]+)"`} {
		pattern := regexp.MustCompile(name)
		for _, file := range []string{"effect.go", "event.go"} {
			text, err := os.ReadFile(filepath.Join("../../flows", file))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
				if kind := prefix + "/" + m[1]; codecs[prefix].zero(m[1]) != nil {
					all = append(all, kind)
				}
			}
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d kinds found: this test looks in the wrong place", len(all))
	}
	slices.Sort(all)
	return all
}

// fill gives every field that is stored a value of its own kind.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Interface().(type) {
	case flows.Secret:
		v.Set(reflect.ValueOf(flows.Conceal("字")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("字")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	default:
		t.Fatalf("a %s cannot be stored", v.Type())
	}
}
