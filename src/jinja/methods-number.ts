import { methodTable } from "./arguments.ts";
import { tuple, PyFloat, typeName } from "./values.ts";
import { raise } from "./errors.ts";

type Numeric = number | bigint | boolean | PyFloat;

/** Methods of int and float that projects use. */
export const numberMethods = methodTable({
  is_integer: (self: Numeric) =>
    self instanceof PyFloat
      ? Number.isInteger(self.value)
      : raise("AttributeError", `'${typeName(self)}' object has no attribute 'is_integer'`),
  bit_length: (self: Numeric) => {
    if (self instanceof PyFloat) return raise("AttributeError", "'float' object has no attribute 'bit_length'");
    const size = BigInt(self);
    return size === 0n ? 0 : (size < 0n ? -size : size).toString(2).length;
  },
  conjugate: (self: Numeric) => self,
  as_integer_ratio: (self: Numeric) => {
    let top = self instanceof PyFloat ? self.value : Number(self);
    let bottom = 1;
    while (!Number.isInteger(top)) {
      top *= 2;
      bottom *= 2;
    }
    return tuple([top, bottom]);
  },
});
