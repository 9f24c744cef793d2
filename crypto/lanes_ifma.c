/* ristretto255 with AVX-512 IFMA, eight elements at a time; compiled with the flags for it. */
#include "crypto/fe_ifma.h"

#include "crypto/lanes_codec.h"
#include "crypto/lanes_multi.h"
#include "crypto/lanes_powers.h"
#include "crypto/lanes_table.h"

const struct lanes lanes_ifma = {
	.decode = lanes_decode,
	.encode = lanes_encode,
	.encode_double = lanes_encode_double,
	.map = lanes_map,
	.add = lanes_add,
	.sub = lanes_sub,
	.twice = lanes_twice,
	.sum = lanes_sum,
	.pow = lanes_pow,
	.table_pays = 40,
	.table = lanes_table,
	.table_pow = lanes_table_pow,
	.multi = lanes_multi,
	.multi_vartime = lanes_multi_vartime,
};
