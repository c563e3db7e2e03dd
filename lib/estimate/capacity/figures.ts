/** How figures are written in verdicts. */

/** At most three significant decimals, thousands separated: 1,234.5 */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { maximumFractionDigits: digits });
}

/** The nearest whole percentage. */
export function percent(value: number, limit: number): string {
  return `${Math.round((value / limit) * 100)} %`;
}
