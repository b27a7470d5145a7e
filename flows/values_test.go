package flows

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFen(t *testing.T) {
	for text, want := range map[string]Fen{"88": 88_00, "88.0": 88_00, "88.05": 88_05, "0.01": 1, "999999999.99": 999_999_999_99} {
		if got, err := ParseFen(text); got != want || err != nil {
			t.Errorf("ParseFen(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "1.234", "1000000000", "１", "1 ", "0x1"} {
		if got, err := ParseFen(text); !errors.Is(err, ErrAmount) {
			t.Errorf("ParseFen(%q) = %d, %v, want ErrAmount", text, got, err)
		}
	}
	if got := Fen(-5).String(); got != "-0.05" {
		t.Errorf("Fen(-5) = %s", got)
	}
}

func TestFenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64Range(0, 999_999_999_99).Draw(t, "fen"))
		if got, err := ParseFen(f.String()); got != f || err != nil {
			t.Fatalf("ParseFen(%s) = %d, %v", f, got, err)
		}
	})
}

func FuzzParseFen(f *testing.F) {
	f.Add("88.00")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseFen(text); err == nil && n < 0 {
			t.Errorf("ParseFen(%q) = %d", text, n)
		}
	})
}

func FuzzReadScript(f *testing.F) {
	for _, line := range append(noise, "! paid no=\"a b\" amount=1") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if what, err := ReadScript(line, Case{At: Welcome}, noon); err == nil && what == nil {
			t.Errorf("ReadScript(%q) is nothing and no error", line)
		}
	})
}

const confidence = "told in confidence"

// TestSecretsNeverPrint prints every struct of the package in every way that a
// log may, with each secret in it set.
func TestSecretsNeverPrint(t *testing.T) {
	values := []any{Case{}, Facts{}, Outcome{}, Event{}, Person{}, Organisation{}, Holder{}, Recipient{}, Parcel{}, Credit{}, Subject{}, Reply{}, Trade{}, Bill{}, Payout{}, Scan{}, OneTime{}}
	for _, k := range []Kind{
		KindSaid, KindSent, KindFilled, KindFollowed, KindLeft, KindTaken, KindHanded, KindAgentSaid, KindUnheard, KindPhoneKnown, KindWaited, KindCodeSent, KindCodeRefused,
		KindRegistered, KindNotRegistered, KindFaceOpened, KindFaceRefused, KindFaceDone, KindFaceNotYet, KindTransferOpened, KindCompanyProved,
		KindTransferWrong, KindTransferNotYet, KindPayoutSent, KindPayoutRefused, KindPayoutNotYet, KindAmountWrong,
		KindNameDiffers, KindNotRepresentative, KindRepresentativeNamed, KindGrantOpened, KindGrantRefused, KindGrantNotYet, KindCompanyUnproved, KindProofLapsed, KindJoinReady, KindJoinFound, KindJoinRefused, KindJoined, KindJoinedBy, KindPhoneChanged, KindPhoneRefused, KindOrdered, KindPayOpened, KindPayRefused, KindPayNotYet, KindPaid, KindBooked, KindShipped,
		KindParcelMoved, KindDelivered, KindParcelTrouble, KindTicketReady, KindKeyStep, KindActivated, KindAgentCalled,
	} {
		h := HappeningOf(k)
		if h == nil || h.Kind() != k {
			t.Fatalf("HappeningOf(%s) = %v", k, h)
		}
		values = append(values, h)
	}
	for _, v := range []Verb{
		VerbSave, VerbAgree, VerbWithdraw, VerbOwn, VerbWait, VerbSendCode, VerbRegister, VerbVerifyFace, VerbCheckFace, VerbCompareFactors, VerbAskReview, VerbWarnPhone, VerbOfferJoin, VerbFindJoin, VerbJoin, VerbChangePhone, VerbOpenTransfer, VerbCheckTransfer, VerbSendPayout, VerbCheckPayout, VerbCheckAmount, VerbCompareName, VerbCompareRepresentative, VerbOpenGrant, VerbCheckGrant,
		VerbPlaceOrder, VerbOpenPayment, VerbCheckPayment, VerbBookCourier, VerbOfferActivation, VerbCancel, VerbCallAgent, VerbOrphan, VerbSay,
	} {
		e := EffectOf(v)
		if e == nil || e.Verb() != v {
			t.Fatalf("EffectOf(%s) = %v", v, e)
		}
		values = append(values, e)
	}
	secrets := 0
	for _, v := range values {
		filled := reflect.New(reflect.TypeOf(v)).Elem()
		secrets += hide(filled)
		printsNothing(t, filled.Interface())
		printsNothing(t, filled.Addr().Interface())
		printsNothing(t, []any{filled.Interface()})
	}
	if secrets < 15 {
		t.Errorf("only %d secrets were hidden: the test looks at too little", secrets)
	}
}

// hide puts a secret into every place for one.
func hide(v reflect.Value) int {
	switch {
	case v.Type() == reflect.TypeFor[Secret]():
		v.Set(reflect.ValueOf(Conceal(confidence)))
		return 1
	case v.Type() == reflect.TypeFor[Form]():
		v.Set(reflect.ValueOf(Form{KeyIDNumber: Conceal(confidence)}))
		return 1
	case v.Type() == reflect.TypeFor[time.Time]():
		return 0
	case v.Kind() == reflect.Struct:
		n := 0
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				panic(v.Type().String() + " has unexported fields, on which fmt calls no method")
			}
			n += hide(v.Field(i))
		}
		return n
	}
	return 0
}

func printsNothing(t *testing.T, v any) {
	t.Helper()
	marshalled, err := json.Marshal(v)
	if err != nil {
		t.Errorf("%T: %v", v, err)
	}
	for _, text := range []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprint(v), string(marshalled)} {
		if strings.Contains(text, confidence) {
			t.Errorf("%T prints its secret: %s", v, text)
		}
	}
}

func TestSecretKeepsItsText(t *testing.T) {
	data, err := Conceal(confidence).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var s Secret
	if err := s.UnmarshalBinary(data); err != nil || s.Reveal() != confidence || s.IsZero() || !(Secret{}).IsZero() {
		t.Errorf("a secret came back as %q, %v", s.Reveal(), err)
	}
}

func TestErrorsKeepTheAnswerOut(t *testing.T) {
	_, err := readIDNumber("110101199003070000", noon)
	if err == nil || strings.Contains(err.Error(), "1101011990") {
		t.Errorf("refusal for the log is %v", err)
	}
	refusal := &RefusedError{Partner: "alipay", Code: "ISV_ERR", Public: "请稍后再试。"}
	if got := refusal.Error(); got != "alipay: refused: ISV_ERR" {
		t.Errorf("RefusedError for the log is %q", got)
	}
}

// TestShowMasks holds what may stand on a screen that others can see.
func TestShowMasks(t *testing.T) {
	form := Form{}
	for k, text := range map[Key]string{
		KeyMobile: "13912345678", KeyToMobile: "13787654321", KeyLogin: "wang@example.com", KeyIDNumber: "11010519491231002X", KeyName: "王小明",
		KeyRecipient: "李小红", KeyTitle: "王小明", KeyBankAccount: "33001616781053000001", KeyPassword: "longenough1", KeyCode: "204816",
		KeyDetail: "某某路12号3单元401室", KeyTaxNumber: "11010519491231002X", KeyCity: "杭州市",
	} {
		form[k] = Conceal(text)
	}
	for k, want := range map[Key]string{
		KeyMobile: "139****5678", KeyToMobile: "137****4321", KeyLogin: "w***@example.com", KeyIDNumber: "1****************X", KeyName: "王**",
		KeyRecipient: "李**", KeyTitle: "王**", KeyBankAccount: "****************0001", KeyPassword: "******", KeyCode: "******",
		KeyDetail: "某某路1*******1室", KeyTaxNumber: "11************002X", KeyCity: "杭州市", KeyWaybill: "（暂无）", KeyWhere: "（暂无）", KeyOrgName: "",
	} {
		if got := Show(k, form); got != want {
			t.Errorf("Show(%s) = %q, want %q", k, got, want)
		}
	}
	company := Form{KeyTitle: Conceal("杭州例子科技有限公司"), KeyTaxNumber: Conceal("91330106MA0000015K"), KeyCreditCode: Conceal("91330106MA0000015K")}
	if Show(KeyTitle, company) != "杭州例子科技有限公司" || Show(KeyTaxNumber, company) != "91330106MA0000015K" {
		t.Error("an organisation's own name and code are masked")
	}
}

func TestAwaits(t *testing.T) {
	if got, want := Manual(testPhone).Awaits(PaymentPay), []Kind{KindPaid, KindPayNotYet}; !reflect.DeepEqual(got, want) {
		t.Errorf("Awaits = %v, want %v", got, want)
	}
}
