/** The npm peer as a server of its own: `fauxqs-server.ts FOLDER PORT`. */
import { startFauxqs } from './fauxqs.ts';

const [folder = '', port = '0'] = process.argv.slice(2);
await startFauxqs(folder, Number(port));
