package courier

// What the courier's noes mean to a customer stands here on one page, so that
// whoever words the messages finds all of them.

import (
	"errors"

	"certdesk/flows"
)

const partner = "courier"

// The codes that are no refusal but an answer.
const (
	codeDuplicate = "8016" // the order number is taken: by us
	codeNotFound  = "6150"
)

const (
	wordsUnserved = "顺丰暂时送不到这个地址，请换一个收件地址。"
	wordsReceiver = "收件信息不完整，请核对收件人、手机号码和详细地址后重新提交。"
	wordsClosed   = "原来的快递单已不能使用，请回复“人工”，客服会为您重新安排寄送。"
	wordsAccount  = "快递暂时没有约成，客服会为您安排寄送，您不需要重新付款。"
)

var errNoWaybill = errors.New("order has no waybill yet")

// refusals are the definite noes. Source: facts 3.1.
var refusals = map[string]string{
	"1010": wordsAccount, "1011": wordsAccount, "1012": wordsAccount, // the sender's address and contact are ours
	"1013": wordsReceiver, "1014": wordsReceiver, "1015": wordsReceiver, "1016": wordsReceiver,
	"8017": wordsClosed, "8018": wordsClosed, "8019": wordsClosed,
	"8037": wordsClosed, "8252": wordsClosed, "8253": wordsClosed,
	"8114": wordsAccount, "8119": wordsAccount, "20052": wordsAccount, "6126": wordsAccount, // our monthly card
}

// businessError is a no of the service behind the gateway.
type businessError struct{ code string }

func (e *businessError) Error() string { return "service answered " + e.code }

// public turns a definite no into one with words for the customer; any other
// error, an unknown code included, may be tried again.
func public(err error) error {
	no, ok := errors.AsType[*businessError](err)
	if !ok {
		return err
	}
	words, ok := refusals[no.code]
	if !ok {
		return err
	}
	return &flows.RefusedError{Partner: partner, Code: no.code, Public: words}
}
