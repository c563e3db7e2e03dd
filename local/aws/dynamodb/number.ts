/**
 * DynamoDB's numbers: decimal, exact to 38 digits, from 1E-130 to 9.99E+125 on either side of zero.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number
 */
import { validationError } from './errors.ts';

const MAXIMUM_DIGITS = 38;
const LARGEST_EXPONENT = 125;
const SMALLEST_EXPONENT = -130;

/** Integers that need no parsing: they are their own canonical text, and exact as JavaScript numbers. */
const SHORT_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const SHORT_POSITIVE_INTEGER = /^[1-9]\d{0,14}$/;
/** Makes every exponent a number of three digits. */
const POWER_OFFSET = 500;
const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?$/;

/** `d.ddd x 10^exponent`; `digits` has no zero at either end and is empty for zero. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };

/** The text DynamoDB gives back for a number: plain notation, no superfluous zeros. Throws what AWS answers. */
export function canonicalNumber(text: string): string {
  return SHORT_INTEGER.test(text) ? text : format(parse(text));
}

/** Text that sorts as the numbers do, and is the same for equal numbers. Takes canonical text. */
export function sortableNumber(canonical: string): string {
  if (SHORT_POSITIVE_INTEGER.test(canonical)) {
    return `2${canonical.length - 1 + POWER_OFFSET}${canonical.replace(/0+$/, '')}`;
  }
  const { negative, digits, exponent } = parse(canonical);
  if (digits === '') return '1';
  // Three digits that grow with the exponent.
  const power = exponent + POWER_OFFSET;
  if (!negative) return `2${power}${digits}`;
  // Below zero everything is turned round; '~' comes after all digits, so that -1.2 is above -1.23.
  let complement = '';
  for (const digit of digits) complement += String(9 - Number(digit));
  return `0${999 - power}${complement}~`;
}

/** -1, 0 or 1. */
export function compareNumbers(left: string, right: string): number {
  if (SHORT_INTEGER.test(left) && SHORT_INTEGER.test(right)) return Math.sign(Number(left) - Number(right));
  const [a, b] = [sortableNumber(left), sortableNumber(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The exact sum or difference of two canonical numbers. Throws when it has no room in 38 digits. */
export function addNumbers(left: string, right: string, sign: 1 | -1): string {
  if (SHORT_INTEGER.test(left) && SHORT_INTEGER.test(right))
    return String(Number(left) + sign * Number(right));
  const [a, b] = [parse(left), parse(right)];
  const lowest = Math.min(lastPlace(a), lastPlace(b));
  const sum = scaled(a, lowest) + BigInt(sign) * scaled(b, lowest);
  return format(limited(fromInteger(sum, lowest)));
}

function parse(text: string): Decimal {
  const match = NUMBER.exec(text.trim());
  const [, sign, whole = '', fraction = '', power = '0'] = match ?? [];
  if (text === '') throw validationError('The parameter cannot be converted to a numeric value');
  if (match === null || whole + fraction === '') {
    throw validationError(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  const all = whole + fraction;
  const leading = all.length - all.replace(/^0+/, '').length;
  const digits = all.slice(leading).replace(/0+$/, '');
  if (digits === '') return ZERO;
  return limited({ negative: sign === '-', digits, exponent: whole.length - 1 - leading + Number(power) });
}

function limited(decimal: Decimal): Decimal {
  if (decimal.exponent > LARGEST_EXPONENT) {
    throw validationError(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    );
  }
  if (decimal.exponent < SMALLEST_EXPONENT) {
    throw validationError(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  if (decimal.digits.length > MAXIMUM_DIGITS) {
    throw validationError('Attempting to store more than 38 significant digits in a Number');
  }
  return decimal;
}

function format({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return sign + whole + (fraction && `.${fraction}`);
}

/** The power of ten of the last digit. */
function lastPlace({ digits, exponent }: Decimal): number {
  return digits === '' ? 0 : exponent - digits.length + 1;
}

function scaled(decimal: Decimal, place: number): bigint {
  if (decimal.digits === '') return 0n;
  const integer = BigInt(decimal.digits) * 10n ** BigInt(lastPlace(decimal) - place);
  return decimal.negative ? -integer : integer;
}

function fromInteger(integer: bigint, place: number): Decimal {
  if (integer === 0n) return ZERO;
  const negative = integer < 0n;
  const all = String(negative ? -integer : integer);
  return { negative, digits: all.replace(/0+$/, ''), exponent: all.length - 1 + place };
}
