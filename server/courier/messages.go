package courier

// The shapes of the courier's messages, apart from the calls, because their
// names are the platform's and not ours. Source: facts 3.2.

import "certdesk/flows"

const language = "zh-CN"

type createOrder struct {
	Language        string    `json:"language"`
	OrderID         string    `json:"orderId"`
	Cargo           []cargo   `json:"cargoDetails"`
	Contacts        []contact `json:"contactInfoList"`
	MonthlyCard     string    `json:"monthlyCard"`
	PayMethod       int       `json:"payMethod"`
	ExpressType     int       `json:"expressTypeId"`
	Quantity        int       `json:"parcelQty"`
	GenerateWaybill int       `json:"isGenWaybillNo"`
	PickUpFrom      string    `json:"sendStartTm"`
}

type cargo struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

type contact struct {
	Type     int    `json:"contactType"` // 1 sender, 2 receiver
	Company  string `json:"company,omitempty"`
	Name     string `json:"contact"`
	Tel      string `json:"tel,omitempty"`
	Mobile   string `json:"mobile,omitempty"`
	Country  string `json:"country"`
	Province string `json:"province"`
	City     string `json:"city"`
	County   string `json:"county"`
	Address  string `json:"address"`
}

type searchOrder struct {
	SearchType string `json:"searchType"`
	OrderID    string `json:"orderId"`
	Language   string `json:"language"`
}

type searchRoutes struct {
	Language       string   `json:"language"`
	TrackingType   string   `json:"trackingType"` // 2: by our order number
	TrackingNumber []string `json:"trackingNumber"`
	MethodType     string   `json:"methodType"`
}

// booking is what the courier says of an order.
type booking struct {
	Filter   text `json:"filterResult"` // 1 looked at by hand, 2 deliverable, 3 not
	Waybills []struct {
		Type   text   `json:"waybillType"` // 1 main, 2 sub, 3 return
		Number string `json:"waybillNo"`
	} `json:"waybillNoInfoList"`
}

// waybill is the number of the parcel itself. An order that is still looked
// at by hand may have none yet: asking again later tells.
func (b booking) waybill() (string, error) {
	if b.Filter == "3" {
		return "", &flows.RefusedError{Partner: partner, Code: "filter 3", Public: wordsUnserved}
	}
	for _, w := range b.Waybills {
		if (w.Type == "1" || w.Type == "") && w.Number != "" {
			return w.Number, nil
		}
	}
	return "", errNoWaybill
}

type routes struct {
	Parcels []struct {
		Waybill string `json:"mailNo"`
		Routes  []line `json:"routes"`
	} `json:"routeResps"`
}
