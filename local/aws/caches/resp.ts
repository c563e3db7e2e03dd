/** A few commands to a Redis or Valkey server, one after the other, on a connection of their own. redis.io/docs/latest/develop/reference/protocol-spec */
import { connect } from 'node:net';

export type Reply = string | number | null | readonly Reply[];

/** Milliseconds without an answer. */
const TIMEOUT = 30_000;

/**
 * The answers, in order.
 * @throws Error with the server's words for the first command that it refuses
 */
export function redisCommands(
  { host, port }: { readonly host: string; readonly port: number },
  commands: readonly (readonly string[])[],
): Promise<readonly Reply[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = '';
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(TIMEOUT, () => end(() => reject(new Error('the server does not answer'))));
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => reject(new Error('the server closed the connection')));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
      const replies: Reply[] = [];
      let at = 0;
      try {
        while (replies.length < commands.length) {
          const parsed = replyAt(received, at);
          if (parsed === undefined) return;
          replies.push(parsed.reply);
          at = parsed.end;
        }
      } catch (error) {
        end(() => reject(error));
        return;
      }
      end(() => resolve(replies));
    });
    socket.write(commands.map(encoded).join(''));
  });
}

function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Undefined where there is not all of it yet. @throws Error for an error of the server */
function replyAt(text: string, at: number): { readonly reply: Reply; readonly end: number } | undefined {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd === -1) return undefined;
  const line = text.slice(at + 1, lineEnd);
  const after = lineEnd + 2;
  switch (text.charAt(at)) {
    case '+':
      return { reply: line, end: after };
    case '-':
      throw new Error(line);
    case ':':
      return { reply: Number(line), end: after };
    case '$': {
      const length = Number(line);
      if (length === -1) return { reply: null, end: after };
      const end = after + length + 2;
      return text.length < end ? undefined : { reply: text.slice(after, after + length), end };
    }
    case '*': {
      const items: Reply[] = [];
      let next = after;
      for (let index = 0; index < Number(line); index += 1) {
        const item = replyAt(text, next);
        if (item === undefined) return undefined;
        items.push(item.reply);
        next = item.end;
      }
      return { reply: items, end: next };
    }
    default:
      throw new Error(`an answer of an unknown kind: ${text.charAt(at)}`);
  }
}
