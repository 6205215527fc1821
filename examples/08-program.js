// SPDX-License-Identifier: ISC
// 08-program - a program for 08-node: a page that waits for a user, and then for two queries at the same time.
"use strict";

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function query(ms) {
  await sleep(ms);
}

async function getUser() {
  await sleep(100);
}

async function page() {
  await getUser();
  await Promise.all([query(100), query(300)]);
}

async function main() {
  await page();
  await page();
}

main();
