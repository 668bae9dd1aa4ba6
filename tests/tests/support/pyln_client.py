"""What pyln-client sees of two embedded nodes: the payer's socket and the payee's are the arguments."""

import sys

from pyln.client import LightningRpc, Millisatoshi, RpcError

payer, payee = LightningRpc(sys.argv[1]), LightningRpc(sys.argv[2])


def fails(code, words, rpc, method, payload):
    try:
        answer = rpc.call(method, payload)
    except RpcError as error:
        assert error.error["code"] == code, error
        assert words in error.error["message"], error
        return error.error.get("data")
    raise AssertionError(f"{method} {payload}: {answer}")


info = payer.getinfo()
assert info["network"] == "regtest", info
assert payer.listpeers()["peers"][0]["id"] == payee.getinfo()["id"]
assert payer.listpeers(payee.getinfo()["id"])["peers"][0]["connected"]
assert payer.listfunds()["channels"][0]["our_amount_msat"] == Millisatoshi("1000000sat")
assert any(told["command"].startswith("sendinvoice ") for told in payer.help()["help"])

description = 'tea, ☃, "quoted" and \t control characters'
request = payer.call("invoicerequest", {"amount": Millisatoshi("5000msat"), "description": description})
assert payer.decode(request["bolt12"])["offer_description"] == description
assert payer.call("invoicerequest", ["5sat", "by position"])["active"]
fails(-32602, "offer_description", payer, "invoicerequest", {"amount": 1, "description": "a\0b"})

assert payee.check("sendinvoice", invreq=request["bolt12"], label="a") == {"command_to_check": "sendinvoice"}
paid = payee.call("sendinvoice", {"invreq": request["bolt12"], "label": "a"})
assert (paid["status"], paid["amount_received_msat"]) == ("paid", Millisatoshi(5000)), paid
assert payee.waitinvoice("a") == paid
assert payee.waitanyinvoice(0) == paid
assert payee.listinvoices(label="a")["invoices"] == [paid]
assert payee.call("listinvoices", {}, filter={"invoices": [{"label": True}]}) == {"invoices": [{"label": "a"}]}

refused = fails(1004, "no longer available", payee, "sendinvoice", {"invreq": request["bolt12"], "label": "b"})
assert "no longer available" in refused["error"], refused
fails(900, "", payee, "sendinvoice", [payer.call("invoicerequest", [5, "x"])["bolt12"], "a"])
fails(-32601, "nosuch", payee, "nosuch", {})
assert payee.delinvoice("a", "paid")["label"] == "a"

with payer.notify(print):
    assert payer.getinfo() == info
assert payee.stop()["result"] == "Shutdown complete"
