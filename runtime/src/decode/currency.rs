//! The currencies of ISO 4217 and how many digits follow the point in their amounts.

/// Two digits follow, as with cents.
const TWO: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF \
    CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL \
    HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE \
    SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWL";
/// No digit follows.
const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR: &str = "CLF UYW";

/// How many digits follow the point; `None` for what is no currency.
pub(super) fn minor_digits(currency: &str) -> Option<u8> {
    let table = [(2, TWO), (0, NONE), (3, THREE), (4, FOUR)];
    let found = table.into_iter().find(|(_, names)| names.split(' ').any(|name| name == currency));
    found.map(|(digits, _)| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_have_their_digits() {
        let check = |currency, digits| assert_eq!(minor_digits(currency), digits, "{currency}");
        check("USD", Some(2));
        check("CLP", Some(0));
        check("TND", Some(3));
        check("UYW", Some(4));
        check("usd", None);
        check("", None);
        check("DOG", None);
    }
}
