package server

import (
	"testing"

	"certdesk/flows"
)

// TestTheNewerFaceProduct fails before Alipay's camera, hears it, and passes:
// the product says what the older one leaves open.
func TestTheNewerFaceProduct(t *testing.T) {
	n := newTown(t, "ALIPAY_FACE=verification")
	c := n.citizens(t)[1]
	c.registers()
	c.consents()
	c.fills(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: c.IDNumber})
	c.reaches(flows.PersonScan)
	id := c.scans(flows.KeyFaceURL)
	n.tells(t, "/world/alipay/face", map[string]string{"id": id, "outcome": "fail"}, nil)
	c.says("我已完成认证")
	c.reaches(flows.PersonMethod)
	c.says("支付宝刷脸")
	c.says("同意")
	c.proves()
}
