//! A labelled set drawn from templates: personal data beside Han characters and in English, and numbers that look alike
//! and are nobody's.

use super::kinds::Kind;
use super::numbers::luhn;

/// Numbers drawn from a seed.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    pub fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    pub fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    pub fn chars(&mut self, set: &str, n: usize) -> String {
        let set: Vec<char> = set.chars().collect();
        (0..n).map(|_| set[self.below(set.len())]).collect()
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to + 1 - from)
    }
}

pub const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const NAMES: &[&str] = &[
    "zhang.wei",
    "li_na88",
    "wangfang",
    "liu-yang",
    "chenjie1990",
    "j.smith",
    "mary+news",
    "x1y2z3",
    "sales",
    "info",
    "hr_2024",
    "13900001111",
    "QQ12345",
];
const HOSTS: &[&str] = &[
    "qq.com",
    "163.com",
    "gmail.com",
    "mail.tsinghua.edu.cn",
    "example.org",
    "foxmail.com",
    "sina.com.cn",
    "corp.example.co.uk",
    "yahoo.com.hk",
    "proton.me",
];

fn wide(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xFEE0).unwrap() } else { c }).collect()
}

/// A number with Luhn's check behind it.
fn checked(head: String, len: usize, draw: &mut Draw) -> String {
    let body = format!("{head}{}", draw.digits(len - 1 - head.len()));
    let with = |d: usize| format!("{body}{d}");
    let good = (0..10).find(|d| luhn(&with(*d).bytes().map(|b| b - b'0').collect::<Vec<_>>())).unwrap();
    with(good)
}

fn id18(draw: &mut Draw, valid: bool) -> String {
    let region =
        draw.of(&["110105", "310104", "440305", "510107", "330106", "420111", "610113", "650102", "230103", "350203"]);
    let body = format!(
        "{region}{}{:02}{:02}{}",
        draw.between(1940, 2015),
        draw.between(1, 12),
        draw.between(1, 28),
        draw.digits(3)
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(b, w)| usize::from(b - b'0') * w).sum();
    let at = if valid { sum % 11 } else { (sum + draw.between(1, 10)) % 11 };
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][at])
}

fn id15(draw: &mut Draw) -> String {
    let region = draw.of(&["110105", "310104", "440305", "510107", "330106", "420111"]);
    format!("{region}{:02}{:02}{:02}{}", draw.between(25, 96), draw.between(1, 12), draw.between(1, 28), draw.digits(3))
}

fn parted(text: &str, sizes: &[usize], by: &str) -> String {
    let (mut parts, mut from) = (Vec::new(), 0);
    for size in sizes {
        parts.push(&text[from..(from + size).min(text.len())]);
        from += size;
    }
    parts.retain(|p| !p.is_empty());
    parts.join(by)
}

fn mobile(draw: &mut Draw) -> String {
    let n = format!("1{}{}", draw.of(&["38", "39", "50", "86", "77", "99", "65", "33", "47"]), draw.digits(8));
    match draw.below(10) {
        0..=3 => n,
        4 => parted(&n, &[3, 4, 4], " "),
        5 => parted(&n, &[3, 4, 4], "-"),
        6 => format!("+86 {n}"),
        7 => format!("+86-{}", parted(&n, &[3, 4, 4], "-")),
        8 => wide(&n),
        _ => format!("0086{n}"),
    }
}

fn landline(draw: &mut Draw) -> String {
    let (area, n) = match draw.below(2) {
        0 => (
            draw.of(&["010", "021", "020", "028", "027"]).to_owned(),
            format!("{}{}", draw.between(2, 8), draw.digits(7)),
        ),
        _ => (
            draw.of(&["0571", "0755", "0371", "0731", "0898"]).to_owned(),
            format!("{}{}", draw.between(2, 8), draw.digits(6)),
        ),
    };
    match draw.below(8) {
        0..=2 => format!("{area}-{n}"),
        3 => format!("({area}){n}"),
        4 => format!("（{area}）{n}"),
        5 => format!("{area} {n}"),
        6 => format!("+86-{}-{n}", &area[1..]),
        _ => format!("{area}-{n}-{}", draw.digits(3)),
    }
}

fn phone(draw: &mut Draw) -> String {
    let (a, b, c) = (
        format!("{}{}", draw.between(2, 9), draw.of(&["02", "15", "47", "61"])),
        format!("{}{}", draw.between(2, 9), draw.digits(2)),
        draw.digits(4),
    );
    match draw.below(9) {
        0 => format!("({a}) {b}-{c}"),
        1 => format!("{a}-{b}-{c}"),
        2 => format!("+1 {a} {b} {c}"),
        3 => format!("+1-{a}-{b}-{c}"),
        4 => format!("{a}.{b}.{c}"),
        5 => format!("+44 20 7{} {}", draw.digits(3), draw.digits(4)),
        6 => format!("+44 7{} {}", draw.digits(3), draw.digits(6)),
        7 => format!("07{} {}", draw.digits(3), draw.digits(6)),
        _ => format!("+44 (0)161 {} {}", draw.digits(3), draw.digits(4)),
    }
}

fn card(draw: &mut Draw) -> String {
    let (head, len) = [
        ("622202", 19),
        ("621700", 19),
        ("625912", 16),
        ("4", 16),
        ("52", 16),
        ("3528", 16),
        ("37", 15),
        ("436742", 19),
        ("6228", 16),
    ][draw.below(9)];
    let n = checked(head.to_owned(), len, draw);
    match draw.below(5) {
        0 if len != 15 => parted(&n, &[4, 4, 4, 4, 4], " "),
        1 if len != 15 => parted(&n, &[4, 4, 4, 4, 4], "-"),
        2 => wide(&n),
        _ => n,
    }
}

fn plate(draw: &mut Draw) -> String {
    const SAFE: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    let head =
        format!("{}{}", draw.of(&["京", "沪", "粤", "浙", "川", "鲁", "苏", "湘", "皖", "桂"]), draw.chars(SAFE, 1));
    let gap = draw.of(&["", "", "·", " ", "-"]);
    let tail = match draw.below(5) {
        0 => draw.digits(5),
        1 => format!("{}{}", draw.chars(SAFE, 1), draw.digits(4)),
        2 => format!("D{}", draw.digits(5)),
        3 => format!("F{}{}", draw.chars(SAFE, 1), draw.digits(4)),
        _ => format!("{}{}", draw.digits(4), draw.chars(SAFE, 1)),
    };
    format!("{head}{gap}{tail}")
}

fn ip(draw: &mut Draw) -> String {
    let hex = |draw: &mut Draw| format!("{:x}", draw.between(0x1000, 0xffff));
    match draw.below(4) {
        0..=1 => format!(
            "{}.{}.{}.{}",
            draw.of(&["36", "114", "121", "202", "192", "172", "58", "223"]),
            draw.between(0, 255),
            draw.between(0, 255),
            draw.between(1, 254)
        ),
        2 => format!("2001:db8:{}:{}::{}", hex(draw), hex(draw), draw.between(1, 99)),
        _ => format!(
            "240e:{}:{}:{}:{}:{}:{}:{}",
            hex(draw),
            hex(draw),
            hex(draw),
            hex(draw),
            hex(draw),
            hex(draw),
            hex(draw)
        ),
    }
}

fn secret(draw: &mut Draw) -> String {
    let mut body = |n: usize| draw.chars(WORD, n);
    let long = body(64);
    match draw.below(12) {
        0 => format!("AKIA{}", draw.chars("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        1 => format!("AIza{}", &long[..35]),
        2 => format!("ghp_{}", &long[..36]),
        3 => format!("github_pat_{}_{}", &long[..22], &long[..59]),
        4 => format!("xoxb-{}-{}-{}", draw.digits(12), draw.digits(12), &long[..24]),
        5 => format!("sk-{}", &long[..48]),
        6 => format!("sk-proj-{long}"),
        7 => format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}.{}", &long[..40], &long[..43]),
        8 => format!("-----BEGIN RSA PRIVATE KEY-----\n{long}\n{}\n-----END RSA PRIVATE KEY-----", &long[8..40]),
        9 => format!("LTAI{}", &long[..20]),
        10 => format!("hf_{}", draw.chars(&WORD[..52], 34)),
        _ => format!("sk_live_{}", &long[..24]),
    }
}

fn address(draw: &mut Draw) -> String {
    let city = draw.of(&[
        "浙江省杭州市西湖区",
        "北京市海淀区",
        "上海市浦东新区",
        "广东省深圳市南山区",
        "江苏省南京市鼓楼区",
        "成都市武侯区",
        "湖北省武汉市洪山区",
    ]);
    let road =
        draw.of(&["文三路", "中关村大街", "世纪大道", "科技园南路", "人民南路", "珞喻路", "解放巷", "和平里东街"]);
    let n = draw.between(1, 999);
    match draw.below(6) {
        0 => format!("{city}{road}{n}号"),
        1 => format!(
            "{city}{road}{n}号{}号楼{}单元{}室",
            draw.between(1, 20),
            draw.between(1, 4),
            draw.between(101, 2003)
        ),
        2 => format!("{city}{road}{n}弄{}号{}室", draw.between(1, 60), draw.between(101, 903)),
        3 => format!("{city}阳光花园{}栋{}单元{}室", draw.between(1, 30), draw.between(1, 4), draw.between(101, 3001)),
        4 => format!("{city}{road}{n}号华星大厦{}座{}室", draw.of(&["A", "B", "C"]), draw.between(101, 3001)),
        _ => format!("{city}{road}{n}号院{}楼", draw.between(1, 30)),
    }
}

/// A value of a kind, in one of the forms that people write.
fn value(kind: Kind, draw: &mut Draw) -> String {
    match kind {
        Kind::Email => {
            let (name, host) = (draw.of(NAMES), draw.of(HOSTS));
            match draw.below(8) {
                0 => format!("{name}＠{host}"),
                1 => format!("{name}[at]{host}"),
                _ => format!("{name}@{host}"),
            }
        }
        Kind::Ip => ip(draw),
        Kind::Mobile => mobile(draw),
        Kind::Landline => landline(draw),
        Kind::Phone => phone(draw),
        Kind::IdNumber => match draw.below(6) {
            0 => id15(draw),
            1 => wide(&id18(draw, true)),
            2 => parted(&id18(draw, true), &[6, 8, 4], " "),
            3 => id18(draw, true).to_lowercase(),
            _ => id18(draw, true),
        },
        Kind::BankCard => card(draw),
        Kind::Passport => match draw.below(3) {
            0 => format!("E{}", draw.digits(8)),
            1 => format!("E{}{}", draw.chars("ABCDEFGHJKLM", 1), draw.digits(7)),
            _ => format!("{}{}", draw.of(&["G", "D", "S", "P"]), draw.digits(8)),
        },
        Kind::Plate => plate(draw),
        Kind::Qq => format!("{}{}", draw.between(1, 9), {
            let n = draw.between(5, 9);
            draw.digits(n)
        }),
        Kind::Wechat => {
            draw.of(&["wxid_9a8b7c", "zhang-wei88", "lily_2020", "abc123456", "WangXiaoMing1", "fox_king"]).to_owned()
                + &draw.digits(1)
        }
        Kind::Address => address(draw),
        Kind::Ssn => format!("{:03}-{:02}-{:04}", draw.between(1, 665), draw.between(1, 99), draw.between(1, 9999)),
        Kind::Secret => secret(draw),
    }
}

/// Words before and behind a value of a kind: beside Han characters, or not.
fn around(kind: Kind, han: bool, draw: &mut Draw) -> (&'static str, &'static str) {
    const CALM: &[&str] =
        &["，谢谢。", "联系我。", "。", "\n", "（张先生）", "就可以了", "；其余照旧", "和其他材料一起登记"];
    const END: &[&str] = &[".", " for details.", ", thanks.", "\n", " (personal)", " before Friday."];
    let zh: &[&str] = match kind {
        Kind::Email => &["联系邮箱", "请发到", "邮件寄到：", "他的地址是", "投稿", "（"],
        Kind::Ip => &["服务器IP是", "从", "登录地址：", "主机", "请求来自", "网关为"],
        Kind::Mobile => &["电话", "请拨", "手机号码：", "联系人张三", "微信同号", "他打", "李女士"],
        Kind::Landline => &["电话：", "传真", "办公室", "咨询", "请致电", "座机号码是"],
        Kind::Phone => &["美国电话", "请打", "海外热线：", "英国联系人"],
        Kind::IdNumber => &["身份证号", "公民身份号码：", "证件", "张三", "身份证"],
        Kind::BankCard => &["银行卡号", "转账到", "工行", "账号：", "信用卡", "请汇入"],
        Kind::Passport => &["护照号", "护照号码：", "他的护照是", "持护照"],
        Kind::Plate => &["车牌", "一辆", "肇事车辆", "车牌号为", "车主驾驶", "看到"],
        Kind::Qq => &["QQ", "QQ：", "我的QQ号是", "加QQ", "扣扣", "加Q ", "q号是", "客服qq:"],
        Kind::Wechat => &["微信", "微信号：", "加微信", "VX：", "wx:", "我的微信是"],
        Kind::Address => &["地址：", "他住在", "请寄到", "公司位于", "搬到了", "家庭住址："],
        Kind::Ssn => &["社会安全号码", "社安号：", "SSN是"],
        Kind::Secret => &["密钥是", "配置：", "泄露的", "令牌", "写死了"],
    };
    let en: &[&str] = match kind {
        Kind::Email => &["Email: ", "write to ", "mailto:", "contact <", "\""],
        Kind::Ip => &["server ", "from ", "host=", "ping ", "The address is "],
        Kind::Mobile => &["Tel: ", "call ", "mobile ", "WhatsApp: ", "phone="],
        Kind::Landline => &["Tel: ", "call ", "Fax: ", "office "],
        Kind::Phone => &["Call me at ", "phone ", "Tel. ", "fax: ", "reach us on "],
        Kind::IdNumber => &["ID card ", "identity card no. ", "ID: ", "id_card="],
        Kind::BankCard => &["card ", "Card number: ", "charged to ", "account "],
        Kind::Passport => &["passport ", "Passport No. ", "passport number is "],
        Kind::Plate => &["plate ", "car ", "the plate was "],
        Kind::Qq => &["QQ: ", "my QQ is ", "QQ "],
        Kind::Wechat => &["WeChat: ", "my WeChat ID is ", "wechat: ", "Weixin: "],
        Kind::Address => &["Address: ", "ship to "],
        Kind::Ssn => &["SSN ", "social security number: ", "her SSN is "],
        Kind::Secret => &["export KEY=", "token: ", "key \"", "Authorization: Bearer "],
    };
    if han { (draw.of(zh), draw.of(CALM)) } else { (draw.of(en), draw.of(END)) }
}

/// Texts with one value each: where it stands, and its kind. Every second one is beside Han.
pub fn positives(kind: Kind, n: usize, draw: &mut Draw) -> Vec<(String, usize, usize)> {
    let mut all = Vec::new();
    for at in 0..n {
        let value = value(kind, draw);
        let (before, behind) = around(kind, at % 2 == 0, draw);
        let filler = draw.of(&["", "今天", "第3条记录：", "2024年5月1日，", "Note 12. "]);
        let behind = if before.ends_with('"') { "\"" } else { behind };
        let text = format!("{filler}{before}{value}{behind}");
        let start = filler.len() + before.len();
        all.push((text, start, start + value.len()));
    }
    all
}

/// A text that looks as if it had something and has nothing.
pub fn miss(at: usize, draw: &mut Draw) -> String {
    let (a, b) = (draw.between(1000, 9999), draw.digits(6));
    let mobile = format!("138{}", draw.digits(8));
    match at % 40 {
        0 => format!("订单号：2024{b}{b}"),
        1 => format!("订单编号{mobile}已发货"),
        2 => format!("版本{}.{}.{}.{}", draw.below(20), draw.below(30), draw.below(9), draw.below(9)),
        3 => format!("升级到v{}.{}.{}.{}后正常", draw.below(20), draw.below(30), draw.below(9), draw.below(9)),
        4 => format!("ISBN 978-7-{}-{}-{}", draw.digits(3), draw.digits(5), draw.digits(1)),
        5 => format!("ISBN：9787{}", draw.digits(9)),
        6 => format!(
            "2024-{:02}-{:02} 12:{:02}:{:02}",
            draw.between(1, 12),
            draw.between(1, 28),
            draw.below(60),
            draw.below(60)
        ),
        7 => format!("时间戳17{}{}", draw.digits(5), b),
        8 => format!("售价¥{a}.00，原价{mobile}元"),
        9 => format!("北纬39.{b}，东经116.{b}"),
        10 => format!("md5 {}", draw.chars("0123456789abcdef", 32)),
        11 => format!("commit {}", draw.chars("0123456789abcdef", 40)),
        12 => format!("身份证号{}", id18(draw, false)),
        13 => {
            let good = checked("622202".into(), 19, draw);
            let last = (good.as_bytes()[18] - b'0' + 1 + draw.below(8) as u8) % 10;
            format!("卡号{}{last}", &good[..18])
        }
        14 => format!("全书{a}页，印数1-{b}册"),
        15 => format!("std::vector<int> a::b::c, time 12:{:02}:{:02}", draw.below(60), draw.below(60)),
        16 => format!("@张三{a} 你好，@user_{a} 也来"),
        17 => format!("icon@2x.png 与 pkg@{}.{}.{}", draw.below(9), draw.below(9), draw.below(9)),
        18 => format!("阿里云A{b}，北京A{}", draw.digits(5)),
        19 => format!("型号E{}{}的零件", draw.digits(4), draw.digits(4)),
        20 => format!("QQ{}版发布，微信{}.0.{}更新", draw.between(2003, 2024), draw.below(9), draw.below(60)),
        21 => format!("微信支付和QQ音乐，WeChat is popular, 微信 Android 版{a}"),
        22 => format!("地铁{}号线，{}路公交，{}号楼", draw.below(20), draw.below(999), draw.below(20)),
        23 => format!("沿着人民路走了{a}米，京沪高速公路{}号服务区", draw.below(20)),
        24 => format!("圆周率3.{}{}", b, draw.digits(12)),
        25 => format!("增长了{}.{}%，共{b}人", draw.below(99), draw.digits(2)),
        26 => format!("GB/T {}-{}，国发〔2021〕{}号", draw.digits(4), draw.between(1990, 2023), draw.below(99)),
        27 => format!("part no. {}-{}-{}", draw.digits(3), draw.digits(2), draw.digits(4)),
        28 => format!("sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, key=your_api_key_here_{a}"),
        29 => format!(
            "UUID {}-{}-{}-{}-{}",
            draw.chars("0123456789abcdef", 8),
            draw.chars("0123456789abcdef", 4),
            draw.chars("0123456789abcdef", 4),
            draw.chars("0123456789abcdef", 4),
            draw.chars("0123456789abcdef", 12)
        ),
        30 => format!("快递单号SF{}{}", draw.digits(6), b),
        31 => format!("https://item.example.com/{mobile}.html?id=1{}", draw.digits(10)),
        32 => format!("127.0.0.1:{a}，掩码255.255.255.0"),
        33 => format!("QQ群：{}", draw.digits(9)),
        34 => format!("科目 {} {} {} {}", draw.digits(3), draw.digits(3), draw.digits(4), draw.digits(2)),
        35 => format!("1,{},{},{} 与 12,345,678", draw.digits(3), draw.digits(3), draw.digits(3)),
        36 => format!("fe{}d_{mobile}.jpg img{mobile}", draw.digits(3)),
        37 => format!("20240{}{}{}", draw.between(1, 9), draw.digits(4), draw.digits(6)),
        38 => format!("拨打10086、95588或400-{}-{}", draw.digits(3), draw.digits(4)),
        _ => format!(
            "第{a}号决议，{}-{}年度，比分{}-{}",
            draw.between(1990, 2020),
            draw.between(10, 20),
            draw.below(99),
            draw.below(99)
        ),
    }
}
