// Every sentence of the page in English, one object a part of the page. A translation is a file beside this one with
// the same shape (`Strings`), named in index.ts. Sentences with values are functions, so that each language orders them.

import { account } from './en/account';
import { cameras } from './en/cameras';
import { common } from './en/common';
import { help } from './en/help';
import { link } from './en/link';
import { live } from './en/live';
import { phone } from './en/phone';
import { settings } from './en/settings';
import { shell } from './en/shell';
import { users } from './en/users';

export const en = { account, cameras, common, help, link, live, phone, settings, shell, users };
