"""A labelled set of personal data in running text: letters, notices, forms, tables, chats, logs and code, Chinese and English.

Unlike the templates of src/text/personal/labelled.rs in forms and surroundings; made before anybody looked at what is found in it.
Usage: personal_set.py make [ROWS] [SEED] > rows.jsonl
       personal_set.py score ROWS.jsonl MASKED.jsonl
  `make` writes rows with `id`, `text` and `expected`: the text as `personal_data` with `action = "mask"` ought to leave it.
  MASKED has the same ids with the text as it left them. `score` prints precision and recall of each kind, and where they part.
"""

import random

from personal_score import main

SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡林郭何高罗".strip()
GIVEN = "伟芳娜敏静磊强洋艳勇杰娟涛明超兰霞平刚桂英".strip()
LATIN = "alex maria tom.lee nina_k j-park olga sam99 wei.chen dev ops".split()
HOSTS = "outlook.com hotmail.com 126.com yeah.net pku.edu.cn mail.example.com vip.163.com aliyun.com icloud.com zju.edu.cn gmx.de".split()
MARK = {"email": "EMAIL", "ip": "IP", "mobile": "MOBILE", "landline": "LANDLINE", "phone": "PHONE", "id_number": "ID_NUMBER", "bank_card": "BANK_CARD", "passport": "PASSPORT", "plate": "PLATE", "qq": "QQ", "wechat": "WECHAT",
        "address": "ADDRESS", "ssn": "SSN", "secret": "SECRET"}


def digits(r, n):
    return "".join(r.choice("0123456789") for _ in range(n))


def wide(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def mobile(r, han):
    n = "1" + r.choice(["31", "35", "36", "52", "58", "73", "80", "82", "88", "91", "95", "99"]) + digits(r, 8)
    forms = [n, n, n, f"{n[:3]} {n[3:7]} {n[7:]}", f"{n[:3]}-{n[3:7]}-{n[7:]}", f"+86{n}", f"+86 {n[:3]} {n[3:7]} {n[7:]}", f"+86-{n}", f"0086 {n}"] + ([wide(n)] if han else [])
    return r.choice(forms)


def landline(r, han):
    area = r.choice(["010", "021", "022", "023", "025", "029", "0512", "0532", "0591", "0592", "0851", "0991"])
    n = r.choice("2345678") + digits(r, 7 if len(area) == 3 else r.choice([6, 7]))
    return r.choice([f"{area}-{n}", f"({area}){n}", f"（{area}）{n}" if han else f"({area}) {n}", f"{area}-{n}-{digits(r, 3)}", f"+86-{area[1:]}-{n}", f"{area} {n}"])


def phone(r, han):
    n = r.choice(["212", "415", "617", "312", "206", "503"]), r.choice("23456789") + digits(r, 2), digits(r, 4)
    return r.choice([f"+1 {n[0]}-{n[1]}-{n[2]}", f"({n[0]}) {n[1]}-{n[2]}", f"+1 ({n[0]}) {n[1]}-{n[2]}", f"+44 20 7{digits(r, 3)} {digits(r, 4)}", f"+49 30 {digits(r, 7)}", f"+852 {r.choice('2569')}{digits(r, 3)} {digits(r, 4)}",
                     f"+81 3-{digits(r, 4)}-{digits(r, 4)}", f"+65 {r.choice('689')}{digits(r, 3)} {digits(r, 4)}"])


def id_number(r, han):
    body = r.choice(["130102", "210203", "320106", "350102", "370203", "430104", "450103", "500103", "530102", "640104"]) + f"{r.randint(1945, 2012)}{r.randint(1, 12):02}{r.randint(1, 28):02}" + digits(r, 3)
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]
    n = body + (check.lower() if r.random() < 0.3 else check)
    return r.choice([n, n, n, f"{n[:6]} {n[6:14]} {n[14:]}"] + ([wide(n)] if han else []))


def luhn(body):
    total = sum((d if i % 2 else (d * 2 - 9 if d > 4 else d * 2)) for i, d in enumerate(int(c) for c in reversed(body)))
    return str((10 - total % 10) % 10)


def bank_card(r, han):
    body = r.choice(["622848", "621700", "622588", "621661", "623052", "436742", "524011", "356833"])
    body += digits(r, (19 if body[:2] == "62" and r.random() < 0.6 else 16) - 1 - len(body))
    n = body + luhn(body)
    return r.choice([n, n, " ".join(n[i : i + 4] for i in range(0, len(n), 4))])


def passport(r, han):
    return r.choice(["E", "G", "EA", "EH"]) + digits(r, 8) if r.random() < 0.0 else r.choice([f"E{digits(r, 8)}", f"G{digits(r, 8)}", f"EA{digits(r, 7)}", f"EJ{digits(r, 7)}"])


def plate(r, han):
    head = r.choice("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + r.choice("ABCDEFGH")
    # At most two letters among five (GA 36-2018), without I and O.
    tail = list(digits(r, 5))
    for at in r.sample(range(4), r.randint(0, 2)):
        tail[at] = r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    tail = "".join(tail)
    return r.choice([head + tail, head + "·" + tail, head + r.choice("DF") + digits(r, 5)])


def qq(r, han):
    return r.choice("123456789") + digits(r, r.randint(5, 9))


def wechat(r, han):
    return r.choice(["wxid_" + "".join(r.choice("abcdefghij0123456789") for _ in range(12)), r.choice(["lily", "sunny", "chen", "zhou", "momo"]) + r.choice(["_", "-", ""]) + digits(r, r.randint(3, 6)), "A" + digits(r, 7)])


def email(r, han):
    n = f"{r.choice(LATIN)}@{r.choice(HOSTS)}"
    return r.choice([n, n, n.upper(), n.replace("@", "+list@"), n.replace("@", " [at] "), n.replace("@", "(at)")] + ([n.replace("@", "＠")] if han else []))


def ip(r, han):
    if r.random() < 0.2:
        return f"2001:db8:{r.randint(1, 255):x}:{r.randint(4096, 65535):x}::{r.randint(256, 65535):x}"
    return f"{r.choice([8, 36, 47, 59, 101, 114, 180, 202, 218])}.{r.randint(32, 254)}.{r.randint(1, 254)}.{r.randint(1, 254)}"


def address(r, han):
    road = r.choice(["人民东路", "新华大街", "学府路", "滨江大道", "解放南路", "建设三路", "和平里西街", "朝阳门外大街"])
    head = r.choice(["", r.choice(["江苏省苏州市姑苏区", "山东省青岛市市南区", "河北省石家庄市长安区", "广东省佛山市禅城区", "北京市朝阳区", "武汉市武昌区"])])
    n = r.randint(1, 999)
    return head + r.choice([f"{road}{n}号{r.randint(1, 30)}栋{r.randint(1, 4)}单元{r.randint(1, 30)}0{r.randint(1, 8)}室", f"{road}{n}号{r.choice(['阳光花园', '翠湖小区', '锦绣家园'])}{r.randint(1, 20)}号楼{r.randint(101, 2804)}", f"{road}{n}弄{r.randint(1, 60)}号{r.randint(101, 606)}室"])


def ssn(r, han):
    return f"{r.randint(1, 665):03}-{r.randint(1, 99):02}-{r.randint(1, 9999):04}"


def secret(r, han):
    word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    some = lambda n, set=word: "".join(r.choice(set) for _ in range(n))
    return r.choice(["AKIA" + some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), "ghp_" + some(36), "sk-proj-" + some(40), "LTAI5t" + some(18), "glpat-" + some(20), "AIza" + some(35), "hf_" + some(34), "xoxb-" + digits(r, 12) + "-" + digits(r, 12) + "-" + some(24)])


VALUES = {f.__name__: f for f in [mobile, landline, phone, id_number, bank_card, passport, plate, qq, wechat, email, ip, address, ssn, secret]}
# Numbers of things, and what else looks alike.
THINGS = {
    "order": lambda r: r.choice(["SF" + digits(r, 13), "2024" + digits(r, 14), "DD" + digits(r, 12), "4" + digits(r, 17)]),
    "version": lambda r: r.choice([f"v{r.randint(0, 9)}.{r.randint(0, 20)}.{r.randint(0, 30)}.{r.randint(0, 30)}", f"{r.randint(10, 20)}.{r.randint(0, 9)}.{r.randint(0, 9)}"]),
    "isbn": lambda r: f"978-7-{digits(r, 2)}-{digits(r, 6)}-{digits(r, 1)}",
    "time": lambda r: r.choice([f"{r.randint(2010, 2025)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}", f"16{digits(r, 8)}", f"17{digits(r, 11)}", f"{r.randint(2010, 2025)}年{r.randint(1, 12)}月{r.randint(1, 28)}日"]),
    "price": lambda r: r.choice([f"{r.randint(1, 99)},{digits(r, 3)},{digits(r, 3)}.{digits(r, 2)}", f"￥{r.randint(1, 99999)}.{digits(r, 2)}", f"{r.randint(10000, 99999999)}元"]),
    "range": lambda r: f"{r.randint(100, 400)}–{r.randint(401, 900)}",
    "hash": lambda r: "".join(r.choice("0123456789abcdef") for _ in range(r.choice([32, 40, 64]))),
    "credit": lambda r: "9132" + digits(r, 4) + "MA" + "".join(r.choice("0123456789ABCDEFGH") for _ in range(8)),
    "point": lambda r: f"{r.uniform(18, 50):.6f}, {r.uniform(75, 130):.6f}",
    "hotline": lambda r: r.choice(["12345", "95588", "110", "12306", "400-" + digits(r, 3) + "-" + digits(r, 4)]),
    "mask": lambda r: r.choice(["255.255.255.0", "127.0.0.1", "0.0.0.0"]),
    "case": lambda r: f"（{r.randint(2010, 2024)}）{r.choice('京沪粤苏')}{r.choice(['01', '0105', '03'])}民终{r.randint(100, 99999)}号",
    "room": lambda r: r.choice([f"{r.choice(['A', 'B', '']) }{r.randint(1, 9)}0{r.randint(1, 9)}会议室", f"{r.randint(1, 30)}号展厅", f"地铁{r.randint(1, 18)}号线", f"国道{r.randint(101, 330)}线"]),
    "model": lambda r: r.choice(["GB/T " + digits(r, 5) + "-" + str(r.randint(1990, 2020)), "SN" + digits(r, 10), f"RTX {r.randint(20, 50)}90", f"ThinkPad X{digits(r, 3)}", "JJG" + digits(r, 4)]),
    "doi": lambda r: f"10.{digits(r, 4)}/j.{r.choice(['cell', 'jbi', 'neunet'])}.{r.randint(2001, 2023)}.{digits(r, 2)}.{digits(r, 3)}",
    "decorator": lambda r: r.choice(["@app.route", "@2x.png", "x @ w.T", "user@localhost", "git@github.com:a/b.git"]),
    "landmark": lambda r: r.choice(["中山路步行街", "南京西路商圈", "长安街沿线", "和平路小学", "人民广场站"]),
    "grade": lambda r: r.choice([f"{r.randint(1, 6)}年级{r.randint(1, 9)}班", f"第{r.randint(1, 300)}期", f"{r.randint(1, 99)}楼说得对", f"{r.randint(2, 90)}万人次"]),
}
ZH = {
    "mobile": ["{name}的手机是{}，有事打这个。", "报名请联系{name}（{}）", "收件人{name}，电话{}，", "寻人启事：如有线索请致电{}，必有重谢。", "物业小{name}{}随叫随到", "【通知】快递放驿站了，取件电话：{}", "家长签字：{name} {}"],
    "landline": ["单位电话：{}，工作日有人接", "医院总机{}，转内科即可。", "传真号码{}已经停用", "咨询请拨打{}。", "社区服务站（电话：{}）"],
    "phone": ["她在国外的电话是{}，时差要算好。", "海外客服：{}", "教授的办公室电话 {}，可以留言"],
    "id_number": ["本人{name}，身份证号{}，特此声明。", "乙方身份证号码：{}；", "户主{name}（公民身份号码{}）", "证件号码：{}，核对无误"],
    "bank_card": ["请把尾款打到{name}的卡上，卡号{}，开户行略。", "收款账号：{}", "工资发到银行卡{}里"],
    "passport": ["护照号码{}，有效期十年", "我的护照{}快到期了", "旅客{name}，护照：{}"],
    "plate": ["车牌号{}的车主请挪车", "他开一辆{}的白色轿车", "监控拍到{}闯红灯。", "登记车辆：{}，"],
    "qq": ["加我QQ：{}，备注来意", "QQ号{}，晚上在线", "有问题加扣扣{}"],
    "wechat": ["微信号：{}，请注明单位", "加微信{}拉你进群", "我的微信是{}，"],
    "email": ["简历投递至{}，标题注明岗位。", "邮箱{}长期有效", "作者信箱：{}", "（来信请寄{}）"],
    "ip": ["服务器{}昨晚宕机了", "异常登录来自{}，已拦截。", "把请求转发到主机{}上"],
    "address": ["收货地址：{}，", "我住在{}，欢迎来玩。", "请寄到{}，{name}收", "家庭住址{}"],
    "ssn": ["他的社会安全号码是{}，", "社安号{}不要外泄。"],
    "secret": ["密钥 {} 不小心提交到仓库里了", "配置里的token是{}，", "请立即吊销{}。"],
}
EN = {
    "mobile": ["Call {name} on {} before noon.", "Mobile: {}\n", "phone={}&lang=zh", "WhatsApp {} works best."],
    "landline": ["Tel: {}\n", "Our office: {}.", "Fax {} (Beijing)"],
    "phone": ["Call me at {}.", "Tel. {} / ask for Jo", "phone: {}\n", "reach us on {}, any day."],
    "id_number": ["ID card no. {}.", "identity card: {}\n"],
    "bank_card": ["Charge card {} please.", "card number: {}\n", "Visa {} was declined."],
    "passport": ["Passport No. {}\n", "my passport {} expires soon.", "passport number: {},"],
    "plate": ["The plate was {}.", "plate: {}\n"],
    "qq": ["QQ: {}\n", "my QQ is {}."],
    "wechat": ["WeChat: {}\n", "my WeChat ID is {}.", "weixin: {},"],
    "email": ["Write to {}.", "From: {}\n", "contact <{}>", '"email": "{}"', "mailto:{}"],
    "ip": ["ssh root@{}", "host {} is down.", "Connection from {} closed", "server = {}\n"],
    "address": ["Ship to {}, please.", "Address: {}\n"],
    "ssn": ["SSN {}.", "Her social security number is {}.", "ssn: {}\n"],
    "secret": ["export TOKEN={}\n", 'api_key = "{}"', "Authorization: Bearer {}\n", "token: {}\n"],
}
THING_ZH = {"order": ["订单号{}已签收", "运单{}，请查收", "流水号：{}，"], "version": ["升级到{}之后好了", "固件版本{}有问题"], "isbn": ["ISBN {}，定价略", "书号{}，"], "time": ["更新时间：{}。", "时间戳{}转换一下", "会议定在{}，"], "price": ["总价{}，不含税", "成交额达{}。"], "range": ["见第12卷第{}页。"], "hash": ["校验值{}不一致"],
             "credit": ["统一社会信用代码{}，"], "point": ["坐标{}附近"], "hotline": ["请拨打{}咨询", "客服热线{}，"], "mask": ["子网掩码填{}，", "先ping一下{}试试"], "case": ["判决书{}已生效"], "room": ["在{}集合，", "坐{}过去"], "model": ["执行标准{}，", "型号{}停产了"], "doi": ["doi:{}。"], "decorator": ["代码里写的是{}，", "文件名{}，"],
             "landmark": ["周末去{}逛逛，", "在{}附近下车"], "grade": ["他在{}，", "上次看到{}。"]}
CALM = ["下午有雨，出门记得带伞。", "大家辛苦了，周五见。", "以上信息仅供内部使用。", "The rest stays as it was.", "其余事项另行通知。", "Please keep this private.", "感谢支持！"]


def piece(r, kind, han):
    value = VALUES[kind](r, han)
    frame = r.choice((ZH if han else EN)[kind]).replace("{name}", r.choice(SURNAMES) + r.choice(["", r.choice(GIVEN)]) + r.choice(GIVEN) if han else r.choice(["Ann", "Bob", "Lin"]))
    return frame.replace("{}", value, 1), frame.replace("{}", f"[{MARK[kind]}]", 1)


def thing(r):
    kind = r.choice(list(THINGS))
    text = r.choice(THING_ZH[kind]).replace("{}", THINGS[kind](r))
    return text, text


def rows(count, seed):
    kinds = list(VALUES)
    for number in range(count):
        r = random.Random(seed * 7919 + number)
        kind, han = kinds[number % len(kinds)], number // len(kinds) % 2 == 0
        parts = [piece(r, kind, han), thing(r)]
        if r.random() < 0.4:
            parts.append((calm := r.choice(CALM), calm))
        if r.random() < 0.25:
            parts.append(piece(r, r.choice(kinds), han))
        r.shuffle(parts)
        # A number of one part is none of the next.
        glue = r.choice(["\n", "\n\n", " ；", "\n- ", "。\n"])
        yield {"id": f"{kind}:{'han' if han else 'latin'}:{number}", "text": glue.join(p[0] for p in parts), "expected": glue.join(p[1] for p in parts)}


if __name__ == "__main__":
    main(rows, seed=5)
