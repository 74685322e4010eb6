# Keeps the crises that you may see in crises.rds. Needs the packages httr and jsonlite. Run it whenever you like.
library(httr)

start <- paste0(Sys.getenv("MCOF"), "changes/")
token <- add_headers(Authorization = paste("Token", Sys.getenv("MCOF_TOKEN")))
store <- if (file.exists("crises.rds")) readRDS("crises.rds") else list(place = start, crises = list())
more <- TRUE
while (more) {
  answer <- GET(store$place, token)
  if (status_code(answer) == 410) { store <- list(place = start, crises = list()); next }  # begin again
  stop_for_status(answer)
  page <- jsonlite::fromJSON(content(answer, "text", encoding = "UTF-8"), simplifyVector = FALSE)
  for (crisis in page$results) store$crises[[crisis$reference]] <- crisis
  for (crisis in page$gone) store$crises[[crisis$reference]] <- NULL
  store$place <- page[["next"]]
  more <- page$has_more
}
saveRDS(store, "crises.rds")
