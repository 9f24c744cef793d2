#!/usr/bin/env python3
"""Known answers of the RFCs for the building blocks, and what must be refused."""

from __future__ import annotations

import random
import sys
import unittest

import canonical
import chacha
import ed25519
import edwards
import merkle
import multiexp
import runner
from groups import Modp, Ristretto, group_by_name, jacobi
from hashing import sha256
from reasons import Refused

MULTIPLES = """
0000000000000000000000000000000000000000000000000000000000000000
e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76
6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919
94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259
da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57
e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e
f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403
44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d
903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c
02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031
20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f
bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42
e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460
aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f
46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e
e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e
""".split()

# RFC 9496 A.2, in its order: not canonical, negative, no square, xy negative, y zero.
NOT_CANONICAL = """
00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
0100000000000000000000000000000000000000000000000000000000000000
01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20
c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562
c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78
47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24
f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72
87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309
""".split()
NOT_IN_GROUP = """
26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371
4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f
de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b
bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042
2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08
f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22
8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731
2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b
3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e
a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220
d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e
8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32
32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b
227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165
5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e
445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b
ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
""".split()

MAPPED = """
5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1
4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6
3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46
f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b27
0102a56902e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38
f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b
8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c
27140775f9337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c
006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826
ac22415129b61427bf464e17baee8db65940c233b98afce8d17c57beeb7876c2
150d15af1cb1fb824bbd14955f2b57d08d388aab431a391cfc33d5bafb5dbbaf
f8f0c87cf237953c5890aec3998169005dae3eca1fbb04548c635953c817f92a
165d697a1ef3d5cf3c38565beefcf88c0f282b8e7dbd28544c483432f1cec767
5debea8ebb4e5fe7d6f6e5db15f15587ac4d4d4a1de7191e0c1ca6664abcc413
ae81e7dedf20a497e10c304a765c1767a42d6e06029758d2d7e8ef7cc4c41179
a836e6c9a9ca9f1e8d486273ad56a78c70cf18f0ce10abb1c7172ddd605d7fd2
979854f47ae1ccf204a33102095b4200e5befc0465accc263175485f0e17ea5c
e2705652ff9f5e44d3e841bf1c251cf7dddb77d140870d1ab2ed64f1a9ce8628
2cdc11eaeb95daf01189417cdddbf95952993aa9cb9c640eb5058d09702c7462
2c9965a697a3b345ec24ee56335b556e677b30e6f90ac77d781064f866a3c982
80bd07262511cdde4863f8a7434cef696750681cb9510eea557088f76d9e5065
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
1200000000000000000000000000000000000000000000000000000000000000
304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f
0000000000000000000000000000000000000000000000000000000000000080
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f
0000000000000000000000000000000000000000000000000000000000000000
1200000000000000000000000000000000000000000000000000000000000080
304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f
""".split()


def verdict(function, *arguments) -> str:
    """GOOD, or the reason of the refusal."""
    try:
        function(*arguments)
    except Refused as refused:
        return refused.reason
    return "GOOD"


class RistrettoTests(unittest.TestCase):
    group = Ristretto()

    def test_multiples(self) -> None:
        """RFC 9496 A.1"""
        total = self.group.one
        for k, want in enumerate(MULTIPLES):
            self.assertEqual(self.group.encode(total).hex(), want)
            self.assertEqual(self.group.encode(self.group.power_g(k)).hex(), want)
            self.assertEqual(self.group.encode(self.group.power(self.group.generator, k)).hex(),
                             want)
            self.assertEqual(verdict(self.group.decode, bytes.fromhex(want)),
                             "GOOD" if k else "BAD_ELEMENT")
            total = self.group.mul(total, self.group.generator)

    def test_refused(self) -> None:
        """RFC 9496 A.2"""
        for reason, held in (("NON_CANONICAL", NOT_CANONICAL), ("NOT_IN_GROUP", NOT_IN_GROUP)):
            for data in held:
                self.assertEqual(verdict(self.group.decode, bytes.fromhex(data)), reason, data)

    def test_top_bit_and_length(self) -> None:
        for data in map(bytes.fromhex, MULTIPLES):
            self.assertEqual(verdict(self.group.decode, data[:31] + bytes([data[31] | 128])),
                             "NON_CANONICAL")
            for spoilt in (b"", data[:31], data + b"\0"):
                self.assertEqual(verdict(self.group.decode, spoilt), "NON_CANONICAL")

    def test_map(self) -> None:
        """RFC 9496 A.3"""
        for at in range(0, len(MAPPED), 3):
            data = bytes.fromhex(MAPPED[at] + MAPPED[at + 1])
            self.assertEqual(self.group.encode(self.group.one_way_map(data)).hex(), MAPPED[at + 2])

    def test_sqrt_ratio(self) -> None:
        """RFC 9496 A.4"""
        for u, v, square, root in (
                (0, 0, True, "00" * 32), (0, 1, True, "00" * 32), (1, 0, False, "00" * 32),
                (2, 1, False, "3c5ff1b5d8e4113b871bd052f9e7bcd0582804c266ffb2d4f4203eb07fdb7c54"),
                (4, 1, True, "02" + "00" * 31),
                (1, 4, True, "f6" + "ff" * 30 + "3f")):
            self.assertEqual(edwards.sqrt_ratio(u, v),
                             (square, int.from_bytes(bytes.fromhex(root), "little")))

    def test_torsion_is_invisible(self) -> None:
        """All points of a coset encode alike and compare as equal."""
        point = self.group.power_g(12345)
        torsion = (edwards.SQRT_M1, 0, 1, 0)  # of order 4
        other = edwards.add(point, torsion)
        self.assertNotEqual(other[0] * point[2] % edwards.P, point[0] * other[2] % edwards.P)
        self.assertTrue(self.group.same(point, other))
        self.assertEqual(self.group.encode(point), self.group.encode(other))
        self.assertTrue(self.group.is_one(torsion))

    def test_scalars(self) -> None:
        q = self.group.q
        self.assertEqual(self.group.decode_scalar((q - 1).to_bytes(32, "little")), q - 1)
        for data in (q.to_bytes(32, "little"), b"\xff" * 32, bytes(31), bytes(33)):
            self.assertEqual(verdict(self.group.decode_scalar, data), "NON_CANONICAL")


class ModpTests(unittest.TestCase):
    group = group_by_name("modp2048")

    def test_primes(self) -> None:
        """The ends of the primes of RFC 3526, and that 2 generates the residues."""
        for name, tail in (("modp2048", "15728E5A8AACAA68FFFFFFFFFFFFFFFF"),
                           ("modp3072", "4B82D120A93AD2CAFFFFFFFFFFFFFFFF"),
                           ("modp4096", "4DF435C934063199FFFFFFFFFFFFFFFF")):
            group = group_by_name(name)
            self.assertIsInstance(group, Modp)
            self.assertTrue(f"{group.p:X}".startswith("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B"))
            self.assertTrue(f"{group.p:X}".endswith(tail))
            self.assertEqual(pow(2, group.q, group.p), 1)
            self.assertEqual(pow(3, group.p - 1, group.p), 1)
        self.assertIsNone(group_by_name("modp1024"))

    def test_jacobi(self) -> None:
        """Against Euler's criterion, and the definition for a composite."""
        p, rng = self.group.p, random.Random(1)
        for _ in range(20):
            a = rng.randrange(1, p)
            self.assertEqual(jacobi(a, p) % p, pow(a, (p - 1) // 2, p))
        for a in range(45):
            by_definition = 1
            for prime in (3, 3, 5):
                symbol = pow(a, (prime - 1) // 2, prime)
                by_definition *= -1 if symbol == prime - 1 else symbol
            self.assertEqual(jacobi(a, 45), by_definition)

    def test_decoding(self) -> None:
        size, p = self.group.element_bytes, self.group.p
        for number, reason in ((0, "NON_CANONICAL"), (p, "NON_CANONICAL"), (1, "BAD_ELEMENT"),
                               (p + 4, "NON_CANONICAL"), (2, "GOOD"), (4, "GOOD"),
                               (p - 1, "NOT_IN_GROUP"), (p - 4, "NOT_IN_GROUP")):
            self.assertEqual(verdict(self.group.decode, number.to_bytes(size, "big")), reason)
        for data in (bytes(size - 1) + b"\4\0", b"\4", b""):
            self.assertEqual(verdict(self.group.decode, data), "NON_CANONICAL")

    def test_scalars(self) -> None:
        size, q = self.group.scalar_bytes, self.group.q
        self.assertEqual(verdict(self.group.decode_scalar, (q - 1).to_bytes(size, "big")), "GOOD")
        self.assertEqual(verdict(self.group.decode_scalar, q.to_bytes(size, "big")),
                         "NON_CANONICAL")


class MultiexpTests(unittest.TestCase):
    def test_against_the_definition(self) -> None:
        rng, p = random.Random(2), 1000003

        def mul(a: int, b: int) -> int:
            return a * b % p

        for count in (0, 1, 2, 5, 23, 24, 25, 100, 400):
            for bits in (1, 4, 5, 64, 253):
                bases = [rng.randrange(1, p) for _ in range(count)]
                exponents = [rng.choice((0, 1, rng.getrandbits(bits))) for _ in range(count)]
                want = 1
                for base, exponent in zip(bases, exponents):
                    want = want * pow(base, exponent, p) % p
                self.assertEqual(
                    multiexp.product(bases, exponents, 1, mul, lambda a: mul(a, a)), want)

    def test_fixed_base(self) -> None:
        p = 1000003
        table = multiexp.FixedBase(7, 20, 1, lambda a, b: a * b % p)
        for exponent in (0, 1, 15, 16, 12345, 2**20 - 1):
            self.assertEqual(table.power(exponent), pow(7, exponent, p))
        with self.assertRaises(ValueError):
            table.power(2**20)


class ChachaTests(unittest.TestCase):
    def test_original(self) -> None:
        """The key stream of the all-zero key, and the second block's counter."""
        blocks = chacha.stream(bytes(32))
        self.assertEqual(next(blocks).hex(),
                         "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                         "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586")
        self.assertEqual(next(blocks).hex(),
                         "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                         "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f")

    def test_block(self) -> None:
        """RFC 8439 2.3.2"""
        self.assertEqual(
            chacha.ietf_block(bytes(range(32)), 1, bytes.fromhex("000000090000004a00000000")).hex(),
            "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
            "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")

    def test_poly1305(self) -> None:
        """RFC 8439 2.5.2"""
        key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
        self.assertEqual(chacha.poly1305(key, b"Cryptographic Forum Research Group").hex(),
                         "a8061dc1305136c6c22b8baf0c0127a9")

    def test_sealed_box(self) -> None:
        """RFC 8439 2.8.2"""
        key, nonce = bytes(range(0x80, 0xa0)), bytes.fromhex("070000004041424344454647")
        associated = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
        plaintext = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip"
                     b" for the future, sunscreen would be it.")
        sealed = bytes.fromhex(
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b6116" "1ae10b594f09e26a7e902ecbd0600691")
        self.assertEqual(chacha.seal(key, nonce, plaintext, associated), sealed)
        self.assertEqual(chacha.unseal(key, nonce, sealed, associated), plaintext)
        for spoilt in (sealed[:-1], sealed + b"\0", sealed[1:], b"", sealed[:15],
                       bytes([sealed[0] ^ 1]) + sealed[1:]):
            self.assertIsNone(chacha.unseal(key, nonce, spoilt, associated))
        self.assertIsNone(chacha.unseal(key, nonce, sealed))

    def test_integers(self) -> None:
        stream = b"".join(block for block, _ in zip(chacha.stream(b"k" * 32), range(3)))
        self.assertEqual(chacha.integers(b"k" * 32, 9),
                         [int.from_bytes(stream[at:at + 16], "little") for at in range(0, 144, 16)])
        self.assertEqual(chacha.integers(b"k" * 32, 0), [])


class Ed25519Tests(unittest.TestCase):
    # RFC 8032 7.1: secret, public, message, signature
    KNOWN = (
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
         "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
         "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
         "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    )

    def test_known(self) -> None:
        for secret, public, message, signature in self.KNOWN:
            seed, data = bytes.fromhex(secret), bytes.fromhex(message)
            self.assertEqual(ed25519.public_key(seed).hex(), public)
            self.assertEqual(ed25519.sign(seed, data).hex(), signature)
            self.assertTrue(ed25519.verify(
                bytes.fromhex(public), data, bytes.fromhex(signature)))

    def test_spoilt(self) -> None:
        _, public, message, signature = map(bytes.fromhex, self.KNOWN[1])
        for at in range(64):
            spoilt = bytearray(signature)
            spoilt[at] ^= 4
            self.assertFalse(ed25519.verify(public, message, bytes(spoilt)))
        self.assertFalse(ed25519.verify(public, message + b"\0", signature))
        self.assertFalse(ed25519.verify(public, message, signature[:-1]))
        s = int.from_bytes(signature[32:], "little") + edwards.ORDER
        self.assertFalse(ed25519.verify(public, message,
                                        signature[:32] + s.to_bytes(32, "little")))

    def test_keys(self) -> None:
        """Small order, no point, not canonical, outside the subgroup."""
        zero, p = bytes(32), edwards.P
        small = [zero, b"\1" + bytes(31), (p - 1).to_bytes(32, "little"),
                 bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
                 bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
        odd = [b"\1" + bytes(30) + b"\x80", p.to_bytes(32, "little"),
               (p + 1).to_bytes(32, "little"), b"\2" + bytes(31), b"\xff" * 32]
        for key in small + odd:
            self.assertFalse(ed25519.valid_key(key), key.hex())
            # Under a key of small order, R = s·B is right for one message in eight.
            s = 5
            commitment = ed25519._encode(edwards.combine([ed25519._BASE], [s]))
            for message in range(32):
                self.assertFalse(ed25519.verify(
                    key, bytes([message]), commitment + s.to_bytes(32, "little")))
        good = bytes.fromhex(self.KNOWN[0][1])
        self.assertTrue(ed25519.valid_key(good))
        mixed = edwards.add(ed25519._decode(good), ed25519._decode(small[2]))
        self.assertFalse(ed25519.valid_key(ed25519._encode(mixed)))


class MerkleTests(unittest.TestCase):
    LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
              "606162636465666768696a6b6c6d6e6f")
    ROOTS = """
        6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
        fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
        aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
        4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
        76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
        ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
        5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
    """.split()

    def test_known(self) -> None:
        """The eight leaves that implementations of Certificate Transparency test with."""
        leaves = [bytes.fromhex(leaf) for leaf in self.LEAVES]
        for size, want in enumerate(self.ROOTS, 1):
            self.assertEqual(merkle.root(leaves[:size]).hex(), want)

    def test_against_the_definition(self) -> None:
        """RFC 6962 2.1, as it stands there."""
        def split(leaves: list[bytes]) -> bytes:
            if len(leaves) == 1:
                return sha256(b"\0" + leaves[0])
            k = 1
            while 2 * k < len(leaves):
                k *= 2
            return sha256(b"\1" + split(leaves[:k]) + split(leaves[k:]))

        self.assertEqual(merkle.root([]), sha256(b""))
        for size in range(1, 70):
            leaves = [bytes([i]) for i in range(size)]
            self.assertEqual(merkle.root(leaves), split(leaves))


class CanonicalTests(unittest.TestCase):
    GOOD = (
        '{}', '[]', '""', '0', '7', '9007199254740991', '{"a":1,"b":[{},[],"x"]}',
        '{"":0," ":1,"A":2,"B":3,"_":4,"a":5,"aa":6,"ab":7}', '"\\u0001\\u000b\\u001f"',
        '"\\b\\t\\n\\f\\r\\"\\\\"', '"/\x7f\u00e9\u20ac\U0001f5f3\u2028"', "[" * 16 + "]" * 16,
    )
    BAD = (
        '', ' ', ' {}', '{} ', '{}{}', '{"a":1,}', '[1,]', '[,1]', '[1 ,2]', '[1, 2]', '{"a" :1}',
        '{"a": 1}', '{"b":1,"a":2}', '{"a":1,"a":1}', '{a:1}', "{'a':1}", '{"a"}', '{"a":}',
        '01', '-1', '-0', '+1', '1.0', '1e3', '0x5', '9007199254740992', '99999999999999999999',
        'true', 'null', 'NaN', '"', '"a', 'a"', '"\n"', '"\x01"', '"\\u0000"', '"\0"', '"\\/"',
        '"\\u0041"', '"\\u001F"', '"\\u0008"', '"\\u000a"', '"\\x41"', '"\\u00e9"',
        '"\\ud83d\\uddf3"', '"\\u007f"', '{"\u00e9":1}', '{"a\\"b":1}', '{"a\\\\b":1}',
        '\ufeff{}', "[" * 17 + "]" * 17, "[" * 100000, "1" * 100000, '[', '{', ']',
    )
    BAD_UTF8 = (b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"')

    def test_good(self) -> None:
        for text in self.GOOD:
            self.assertEqual(canonical.write(canonical.parse(text.encode())), text.encode())

    def test_bad(self) -> None:
        for data in [text.encode() for text in self.BAD] + list(self.BAD_UTF8):
            self.assertEqual(verdict(canonical.parse, data), "BAD_ENCODING", data[:40])

    def test_one_byte(self) -> None:
        """Whatever one byte is changed to: refused, or written in the same way."""
        data = '{"a":["x\\n\u00e9",10,{}],"b":""}'.encode()
        for at in range(len(data)):
            for byte in range(256):
                spoilt = data[:at] + bytes([byte]) + data[at + 1:]
                try:
                    value = canonical.parse(spoilt)
                except Refused:
                    continue
                self.assertEqual(canonical.write(value), spoilt)

    def test_base64url(self) -> None:
        for data in (b"", b"f", b"fo", b"foo", b"\xfb\xff\xfe", bytes(range(256))):
            self.assertEqual(canonical.unb64(canonical.b64(data)), data)
        for text in ("Zg==", "Zh", "Zm9", "Z", "Zm9v Zm9v", "Zm9v\n", "+/+/", "Zm9v=", "\u00e9A",
                     "Zm*v"):
            self.assertEqual(verdict(canonical.unb64, text), "BAD_ENCODING", text)


if __name__ == "__main__":
    sys.exit(runner.main(__name__))
