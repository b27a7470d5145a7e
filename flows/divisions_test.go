package flows

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestDivisions(t *testing.T) {
	cities, districts := 0, 0
	for name, all := range places {
		if utf8.RuneCountInString(name) > longestPlace {
			t.Errorf("%s is longer than what is cut off an address", name)
		}
		for _, p := range all {
			if _, err := readProvince(p.Province, time.Time{}); err != nil {
				t.Errorf("%+v: nothing is sent to its province", p)
			}
			if p.City == "" || strings.Contains(p.City, "市辖区") || strings.Contains(p.City, "直辖县") {
				t.Errorf("%+v is in no city", p)
			}
			if p.District == "" {
				cities++
			} else {
				districts++
			}
		}
	}
	if cities < 333 || districts < 2800 {
		t.Errorf("%d cities and %d districts", cities, districts)
	}
}

func TestPlacesAreCompleted(t *testing.T) {
	for text, want := range map[string]string{
		"杭州": "杭州市", "杭州市": "杭州市", "北京": "北京市", "济源": "济源市", "兴安": "兴安盟", "阿里": "阿里地区", "大理白族自治州": "大理白族自治州",
		"新设的市": "新设的市",
	} {
		if got, err := readCity(text, time.Time{}); err != nil || got != want {
			t.Errorf("readCity(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"西湖": "西湖区", "淳安": "淳安县", "义乌": "义乌市", "临平": "临平区", "新设区": "新设区",
		"朝阳": "朝阳", // a district of Beijing, a city and a county: who writes it says which
	} {
		if got, err := readDistrict(text, time.Time{}); err != nil || got != want {
			t.Errorf("readDistrict(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestCutPlace(t *testing.T) {
	for where, want := range map[string]locality{
		"杭州市西湖区文三路90号": {"浙江省", "杭州市", "西湖区"},
		"金平区文化路12号3栋":  {"广东省", "汕头市", "金平区"},
		"临平区南苑街道1号":    {"浙江省", "杭州市", "临平区"},
		"北京市海淀区中关村1号":  {"北京市", "北京市", "海淀区"},
		"西湖区文三路90号":    {"", "", ""}, // there are two
		"杭州市多久能到":      {"", "", ""},
		"":             {"", "", ""},
	} {
		got, _, ok := cutPlace(where)
		if ok != (want.City != "") || ok && got != want {
			t.Errorf("cutPlace(%q) = %+v, %v, want %+v", where, got, ok, want)
		}
	}
}
