package couriertest

// The three services behind the gateway: each checks its own fields and says
// no with the platform's code.

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// services are those that the account may use.
var services = map[string]func(*Courier, []byte) (any, *refusal){
	"EXP_RECE_CREATE_ORDER":      (*Courier).create,
	"EXP_RECE_SEARCH_ORDER_RESP": (*Courier).search,
	"EXP_RECE_SEARCH_ROUTES":     (*Courier).routes,
}

func (c *Courier) serve(service string, data []byte) (any, *refusal) {
	return services[service](c, data)
}

var errJSON = refusal{"S0001", "非法的JSON格式"}

// createRequest has the fields of EXP_RECE_CREATE_ORDER that are checked here.
type createRequest struct {
	Language string `json:"language"`
	OrderID  string `json:"orderId"`
	Cargo    []struct {
		Name string `json:"name"`
	} `json:"cargoDetails"`
	Contacts    []party `json:"contactInfoList"`
	MonthlyCard string  `json:"monthlyCard"`
	PayMethod   int     `json:"payMethod"`
	Express     int     `json:"expressTypeId"`
	Waybill     int     `json:"isGenWaybillNo"`
}

type party struct {
	Type     int    `json:"contactType"`
	Contact  string `json:"contact"`
	Tel      string `json:"tel"`
	Mobile   string `json:"mobile"`
	Country  string `json:"country"`
	Province string `json:"province"`
	City     string `json:"city"`
	Address  string `json:"address"`
}

// placed answers a booking and a question for one.
type placed struct {
	OrderID  string    `json:"orderId"`
	Filter   string    `json:"filterResult"`
	Waybills []waybill `json:"waybillNoInfoList"`
}

type waybill struct {
	Type   int    `json:"waybillType"`
	Number string `json:"waybillNo"`
}

func (c *Courier) create(data []byte) (any, *refusal) {
	var r createRequest
	if json.Unmarshal(data, &r) != nil {
		return nil, &errJSON
	}
	to, no := c.check(r)
	if no != nil {
		return nil, no
	}
	if c.state.Orders[r.OrderID] != nil {
		return nil, &refusal{"8016", "重复下单"}
	}
	o := &Order{Number: r.OrderID, Filter: "2", Province: to.Province, City: to.City, At: c.cfg.Clock()}
	switch to.Province {
	case "香港特别行政区", "澳门特别行政区", "台湾省":
		o.Filter = "3" // the contract is for the mainland
	default:
		c.state.Last++
		o.Waybill = fmt.Sprintf("SF%013d", 1_000_000_000_000+c.state.Last)
	}
	c.state.Orders[r.OrderID] = o
	if c.save() != nil {
		delete(c.state.Orders, r.OrderID)
		return nil, &refusal{"S0004", "系统异常"}
	}
	return o.placed(), nil
}

// check makes the platform's checks of a booking and returns its receiver.
func (c *Courier) check(r createRequest) (party, *refusal) {
	var from, to party
	for _, p := range r.Contacts {
		switch p.Type {
		case 1:
			from = p
		case 2:
			to = p
		}
	}
	goods := len(r.Cargo) > 0
	for _, item := range r.Cargo {
		goods = goods && item.Name != ""
	}
	for _, rule := range []struct {
		ok   bool
		code string
		what string
	}{
		{r.Language != "", "S0002", "language不能为空"},
		{r.OrderID != "" && len(r.OrderID) <= 64, "S0002", "orderId不能为空"},
		{goods, "1023", "托寄物品名不能为空"},
		{from.where(), "1010", "寄件地址不能为空"},
		{from.Contact != "", "1011", "寄件联系人不能为空"},
		{from.Tel+from.Mobile != "", "1012", "寄件电话不能为空"},
		{to.where(), "1014", "到件地址不能为空"},
		{to.Contact != "", "1015", "到件联系人不能为空"},
		{to.Tel+to.Mobile != "", "1016", "到件电话不能为空"},
		{r.PayMethod >= 1 && r.PayMethod <= 3, "S0002", "payMethod不合法"},
		{r.Express >= 1, "S0002", "expressTypeId不合法"},
		{r.PayMethod != 1 || r.MonthlyCard == c.cfg.MonthlyCard, "8114", "传入的月结卡号有误"},
		{r.Waybill == 1, "S0002", "isGenWaybillNo不合法"},
	} {
		if !rule.ok {
			return party{}, &refusal{rule.code, rule.what}
		}
	}
	return to, nil
}

// where tells whether an address is complete.
func (p party) where() bool {
	return p.Country == "CN" && p.Province != "" && p.City != "" && strings.TrimSpace(p.Address) != ""
}

func (o *Order) placed() placed {
	p := placed{OrderID: o.Number, Filter: o.Filter, Waybills: []waybill{}}
	if o.Waybill != "" {
		p.Waybills = append(p.Waybills, waybill{1, o.Waybill})
	}
	return p
}

func (c *Courier) search(data []byte) (any, *refusal) {
	var r struct {
		OrderID string `json:"orderId"`
	}
	if json.Unmarshal(data, &r) != nil {
		return nil, &errJSON
	}
	o := c.state.Orders[r.OrderID]
	if o == nil {
		return nil, &refusal{"6150", "找不到该订单"}
	}
	return o.placed(), nil
}

// found is one parcel in the answer of EXP_RECE_SEARCH_ROUTES.
type found struct {
	Waybill string       `json:"mailNo"`
	Routes  []foundRoute `json:"routes"`
}

type foundRoute struct {
	Time   string `json:"acceptTime"`
	Place  string `json:"acceptAddress"`
	Remark string `json:"remark"`
	Code   string `json:"opCode"`
}

// routes answers in the order newest first: the platform promises none.
func (c *Courier) routes(data []byte) (any, *refusal) {
	var r struct {
		Type    string   `json:"trackingType"`
		Numbers []string `json:"trackingNumber"`
		Method  string   `json:"methodType"`
	}
	if json.Unmarshal(data, &r) != nil {
		return nil, &errJSON
	}
	if (r.Type != "1" && r.Type != "2") || len(r.Numbers) == 0 || len(r.Numbers) > 10 || r.Method != "1" {
		return nil, &refusal{"S0002", "查询条件不合法"}
	}
	parcels := []found{}
	for _, number := range r.Numbers {
		for _, o := range c.state.Orders {
			if o.Waybill != "" && (r.Type == "1" && o.Waybill == number || r.Type == "2" && o.Number == number) {
				parcels = append(parcels, o.found())
			}
		}
	}
	return map[string][]found{"routeResps": parcels}, nil
}

func (o *Order) found() found {
	f := found{Waybill: o.Waybill, Routes: []foundRoute{}}
	for i := len(o.Routes) - 1; i >= 0; i-- {
		r := o.Routes[i]
		f.Routes = append(f.Routes, foundRoute{r.At.In(beijing).Format(time.DateTime), r.Place, r.Remark, r.Code})
	}
	return f
}
