/** Text messages: the account's settings and the numbers that opted out. sns/latest/dg/sns-mobile-phone-number-as-subscriber.html */
import type { AwsContext } from '../context.ts';
import { page } from '../paging.ts';
import { invalidParameter } from './errors.ts';
import { type Input, list, optionalText, textMap } from './input.ts';
import { PAGE_SIZE } from './limits.ts';

/** sns/latest/api/API_SetSMSAttributes.html */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'MonthlySpendLimit',
  'DeliveryStatusIAMRole',
  'DeliveryStatusSuccessSamplingRate',
  'DefaultSenderID',
  'DefaultSMSType',
  'UsageReportS3Bucket',
]);

/** A number as E.164 has it, with or without the plus. */
const PHONE_NUMBER = /^\+?[1-9]\d{4,14}$/;

export interface TextMessages {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** For tests: the number refuses text messages from now on, as if its owner had answered STOP. */
  optOut(phoneNumber: string): void;
  isOptedOut(phoneNumber: string): boolean;
}

export function createTextMessages(context: AwsContext): TextMessages {
  const keptAttributes = context.state.collection<string>('sns.smsAttributes');
  const keptNumbers = context.state.collection<true>('sns.optedOut');
  const attributes = new Map(keptAttributes.entries());
  const optedOut = new Set(keptNumbers.entries().map(([number]) => number));

  return {
    actions: {
      SetSMSAttributes(input) {
        // Both spellings of the member reach us: the model says `attributes`.
        const given = new Map([...textMap(input, 'attributes'), ...textMap(input, 'Attributes')]);
        for (const [name, value] of given) {
          if (!ATTRIBUTES.has(name)) throw invalidParameter(`${name} is not a valid attribute`);
          if (name === 'DefaultSMSType' && !['Promotional', 'Transactional'].includes(value)) {
            throw invalidParameter('DefaultSMSType is invalid');
          }
        }
        for (const [name, value] of given) {
          attributes.set(name, value);
          keptAttributes.put(name, value);
        }
      },
      GetSMSAttributes(input) {
        const wanted = list(input, 'attributes').map(String);
        const shown = [...attributes].filter(([name]) => wanted.length === 0 || wanted.includes(name));
        return { attributes: Object.fromEntries(shown) };
      },
      CheckIfPhoneNumberIsOptedOut: (input) => ({
        isOptedOut: optedOut.has(readPhoneNumber(input, 'phoneNumber')),
      }),
      ListPhoneNumbersOptedOut(input) {
        const { items, next } = page([...optedOut], {
          size: PAGE_SIZE,
          token: optionalText(input, 'nextToken'),
          invalidToken: () => invalidParameter('nextToken'),
        });
        return {
          phoneNumbers: items,
          ...(next.NextToken === undefined ? {} : { nextToken: next.NextToken }),
        };
      },
      OptInPhoneNumber(input) {
        const number = readPhoneNumber(input, 'phoneNumber');
        optedOut.delete(number);
        keptNumbers.delete(number);
      },
      GetSMSSandboxAccountStatus: () => ({ IsInSandbox: false }),
    },
    optOut(phoneNumber) {
      optedOut.add(phoneNumber);
      keptNumbers.put(phoneNumber, true);
    },
    isOptedOut: (phoneNumber) => optedOut.has(phoneNumber),
  };
}

/** The number of a member; refused when it is none. */
export function readPhoneNumber(input: Input, member: string): string {
  const number = optionalText(input, member) ?? '';
  if (!PHONE_NUMBER.test(number)) {
    const Member = member.charAt(0).toUpperCase() + member.slice(1);
    throw invalidParameter(`${Member} Reason: ${number} is not valid to publish to`);
  }
  return number;
}
